// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// How a kernel starts in a PVH domain (decision 20).
public enum KernelStart: Equatable, Sendable {
  /// Unpacked by the loader, and entered as its PVH note says.
  case entry
  /// As a bzImage, by Linux's 64-bit boot protocol: it unpacks itself.
  case bzImage
}

/// What the host says through `extra=` or `cmdline=` of the guest config: words with blanks
/// between.
public struct HostOptions: Equatable, Sendable {
  /// `timeout=N`: seconds until the default boots, whatever the menu says.
  public var timeoutSeconds: Int?
  /// A menu's file as PV-GRUB took it: `(hd0,0)/boot/grub/menu.lst`, partitions counted from zero,
  /// or GRUB 2's `(hd0,msdos1)/...`.
  public var menu: MenuFile?
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
  /// Words that nobody here knows; they are named in the log.
  public var unknown: [ByteString] = []

  /// What a loader says to the one that it starts.
  static let chainedWord: ByteString = "chained"

  /// Takes a command line apart.
  public init(_ commandLine: ByteString) {
    for word in commandLine.split(on: ASCII.space) where !word.isEmpty {
      if word.hasPrefix("timeout="), let seconds = Numbers.decimal(word.dropFirst(8)),
        seconds <= UInt64(BootPolicy.timeoutSecondsMax)
      {
        timeoutSeconds = Int(seconds)
      } else if word.hasPrefix("selftest=fail:"), let failures = FailureSchedule(word.dropFirst(14))
      {
        self.failures = failures
      } else if word == Self.chainedWord {
        isChained = true
      } else if word == "ramdisk=ignore" {
        ignoresModule = true
      } else if word == "pvh=entry" {
        kernelStart = .entry
      } else if word == "pvh=bzimage" {
        kernelStart = .bzImage
      } else if word == "readonly" {
        isReadOnly = true
      } else if word.hasPrefix("selftest=") {
        selfTest = word.dropFirst(9)
      } else if word.hasPrefix("("), let file = MenuFile(word, root: ""), !file.path.isEmpty {
        menu = MenuFile(device: DeviceName.modern(legacy: file.device), path: file.path)
      } else {
        unknown.append(word)
      }
    }
  }
}
