// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// What the host says through `extra=` or `cmdline=` of the guest config, and through xenstore.
public struct HostOptions: Equatable, Sendable {
  /// `timeout=N`: seconds until the default boots, whatever the menu says.
  public var timeoutSeconds: Int?
  /// `wait=forever`: an endless timeout of the menu is one.
  public var waitsForEver = false
  /// `entry=`: the entry to boot, by index, id or title, or a path of those such as `1>0`.
  public var entry: ByteString?
  /// A menu's file as PV-GRUB took it: `(hd0,0)/boot/grub/menu.lst`, partitions counted from zero,
  /// or GRUB 2's `(hd0,msdos1)/...`.
  public var menu: MenuFile?
  /// `append=`, `remove=`, `console=auto`: changes to the kernel's command line.
  public var arguments = KernelArguments()
  /// `onfail=ACTION`: what to do when nothing boots.
  public var onFailure = FailureAction.crash
  /// `onfail=ACTION:N`: how many seconds after that, unless a key comes.
  public var failureWaitSeconds = BootPolicy.failureWaitSeconds
  /// `log=`: how much is said.
  public var log = LogDetail.normal
  /// `xen_grub_env_NAME=VALUE`: variables that a GRUB 2 script finds set, as GRUB 2.14 has it.
  public var variables: [(name: ByteString, value: ByteString)] {
    presets.map { (name: $0.name, value: $0.value ?? "") }
  }
  /// `selftest=NAME`: a fault to make on purpose, to see that it is reported.
  public var selfTest: ByteString?
  /// `selftest=fail:STEP,...`: the steps that are to fail, one in each boot.
  public var failures: FailureSchedule?
  /// `chained`: a loader like this one started this one, because it found no menu.
  public var isChained = false
  /// `ramdisk=ignore`: the host's module is not used.
  public var ignoresModule = false
  /// `pvh=entry` or `pvh=bzimage`: how a kernel starts in a PVH domain.
  public var kernelStart = KernelStart.entry
  /// `readonly`: nothing is ever written to a disk.
  public var isReadOnly = false
  /// Unknown words; the log names them.
  public var unknown: [ByteString] = []

  /// The variables of `xen_grub_env_`.
  var presets: [HostWord] = []

  /// What a loader says to the one that it starts.
  static let chainedWord: ByteString = "chained"

  /// Takes a command line apart. Quotes keep blanks in a word: `entry="Debian, old kernel"`.
  public init(_ commandLine: ByteString) {
    for word in HostWord.words(commandLine) where !take(word) && !takeOwn(word) {
      unknown.append(word.text)
    }
  }

  /// Takes one child of the domain's `data/pvgrub` in xenstore as the word of that name; what a
  /// toolstack can't set there is unknown. An empty value is the same as none.
  public mutating func takeNode(_ name: ByteString, _ value: ByteString) {
    let word = HostWord(name: name, value: value.isEmpty ? nil : value)
    if !take(word) { unknown.append(word.text) }
  }

  /// Takes a word that may come from anywhere; false if it is none of those.
  private mutating func take(_ word: HostWord) -> Bool {
    let value = word.value ?? ""
    if word.name == "timeout" {
      guard let seconds = Self.seconds(value) else { return false }
      timeoutSeconds = seconds
    } else if word.name == "wait", value == "forever" {
      waitsForEver = true
    } else if word.name == "entry", !value.isEmpty {
      entry = value
    } else if word.name == "menu" || word.name.hasPrefix("(") {
      return takeMenu(word.name == "menu" ? value : word.text)
    } else if word.name == "readonly", word.value == nil {
      isReadOnly = true
    } else if word.name == "onfail" {
      return takeFailureAction(value)
    } else if word.name == "log" {
      return takeLogDetail(value)
    } else {
      return arguments.take(word)
    }
    return true
  }

  /// Takes a word that only `extra=` can say.
  private mutating func takeOwn(_ word: HostWord) -> Bool {
    let value = word.value ?? ""
    if word.name == "selftest", value.hasPrefix("fail:"),
      let failures = FailureSchedule(value.dropFirst(5))
    {
      self.failures = failures
    } else if word.name == "selftest" {
      selfTest = value
    } else if word.text == Self.chainedWord {
      isChained = true
    } else if word.text == "ramdisk=ignore" {
      ignoresModule = true
    } else if word.text == "pvh=entry" {
      kernelStart = .entry
    } else if word.text == "pvh=bzimage" {
      kernelStart = .bzImage
    } else if word.name.hasPrefix("xen_grub_env_"), word.name.count > 13, word.value != nil {
      presets.append(HostWord(name: word.name.dropFirst(13), value: value))
    } else {
      return false
    }
    return true
  }

  private mutating func takeMenu(_ text: ByteString) -> Bool {
    guard text.hasPrefix("("), let file = MenuFile(text, root: ""), !file.path.isEmpty else {
      return false
    }
    menu = MenuFile(device: DeviceName.modern(legacy: file.device), path: file.path)
    return true
  }

  private mutating func takeFailureAction(_ value: ByteString) -> Bool {
    let parts = value.split(on: 0x3a)
    guard let name = parts.first, parts.count <= 2, let action = FailureAction(name) else {
      return false
    }
    if parts.count == 2 {
      guard action != .wait, let seconds = Self.seconds(parts[1]) else { return false }
      failureWaitSeconds = seconds
    }
    onFailure = action
    return true
  }

  private static func seconds(_ text: ByteString) -> Int? {
    guard let seconds = Numbers.decimal(text) else { return nil }
    return seconds <= UInt64(BootPolicy.timeoutSecondsMax) ? Int(seconds) : nil
  }

  private mutating func takeLogDetail(_ value: ByteString) -> Bool {
    if value == "quiet" {
      log = .quiet
    } else if value == "normal" {
      log = .normal
    } else if value == "all" {
      log = .all
    } else {
      return false
    }
    return true
  }
}
