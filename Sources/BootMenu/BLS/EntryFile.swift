// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An entry's file (Boot Loader Specification, "Type #1 Boot Loader Specification Entries", and the
/// keys that GRUB's `blscfg` adds). Unknown keys are ignored, as it asks.
final class EntryFile {
  /// `title`: the text for people.
  private(set) var title: ByteString?
  /// `version`: that of the operating system.
  private(set) var version: ByteString?
  /// `machine-id`: which installation it belongs to.
  private(set) var machineID: ByteString?
  /// `sort-key`: what entries are sorted by first.
  private(set) var sortKey: ByteString?
  /// `linux`, `efi` or `uki`: what is started.
  private(set) var kernel: ByteString?
  /// `profile`: which one of a unified kernel image.
  private(set) var profile: ByteString?
  /// `extra`: what a unified kernel image is given beside it.
  private(set) var extras: [ByteString] = []
  /// `initrd`, each line with one file or several.
  private(set) var initrds: [ByteString] = []
  /// `options`, all lines with a blank between them; nil if there is no such line.
  private(set) var options: ByteString?
  /// `id`, which early versions of Fedora had.
  private(set) var id: ByteString?
  /// `architecture`.
  private(set) var architecture: ByteString?
  /// `grub_users`: who may boot it.
  private(set) var users: ByteString?
  /// `grub_arg`.
  private(set) var arguments: [ByteString] = []
  /// `grub_hotkey`.
  private(set) var hotkey: ByteString?

  /// Whose rules hold where loaders differ.
  enum Rules {
    /// systemd-boot's (`src/boot/boot.c`, `boot_entry_add_type1`): the last line of a key counts,
    /// and a value in matching quotes loses them.
    case systemdBoot
    /// GRUB's (`blscfg`): the first line of a key counts, and quotes mean what they mean to a
    /// script.
    case grub
  }

  private let rules: Rules
  /// The key that named the kernel.
  private var kernelKey: ByteString?
  /// Why the entry can't be in a menu, found while it was read.
  private var fault: ByteString?

  /// Reads a file's text.
  init(_ text: ByteString, _ rules: Rules) {
    self.rules = rules
    for line in LineSequence(text, endsAtReturn: true) {
      let body = line.drop { ASCII.isBlank($0) }
      let key = body.prefix { !ASCII.isBlank($0) }
      let value = ByteString(body.dropFirst(key.count)).trimmed
      if key.first == 0x23 || value.isEmpty { continue }
      set(ByteString(key), rules == .systemdBoot ? value.withoutQuotes : value)
    }
  }

  private func set(_ key: ByteString, _ value: ByteString) {
    // Nobody wants the quotes of a title, whatever GRUB makes of them.
    let plain = rules == .grub ? EntryFile.unquoted(value) : value
    switch key {
    case "title": take(plain, &title)
    case "version": take(plain, &version)
    case "machine-id": take(plain, &machineID)
    case "sort-key": take(plain, &sortKey)
    case "linux", "efi", "uki", "uki-url": takeKernel(key, plain)
    case "profile": take(plain, &profile)
    case "extra":
      if extras.count < MenuLimits.payloadCountMax { extras.append(plain) }
    case "initrd":
      if initrds.count < MenuLimits.payloadCountMax { initrds.append(value) }
    case "options":
      if options == nil {
        options = value
      } else {
        options?.append(ASCII.space)
        options?.append(value)
      }
    case "id": take(plain, &id)
    case "architecture": take(plain, &architecture)
    case "grub_users": take(plain, &users)
    case "grub_arg":
      if arguments.count < MenuLimits.payloadCountMax { arguments.append(value) }
    case "grub_hotkey": take(plain, &hotkey)
    default: break
    }
  }

  /// Takes the value of a key that counts once.
  private func take(_ value: ByteString, _ field: inout ByteString?) {
    if rules == .systemdBoot || field == nil { field = value }
  }

  private func takeKernel(_ key: ByteString, _ value: ByteString) {
    if rules == .systemdBoot, let kernelKey, kernelKey != key {
      fault = fault ?? "\(kernelKey) and \(key) lines in one entry"
    }
    if key == "uki-url" {
      if rules == .systemdBoot { fault = fault ?? "uki-url: nothing is loaded from a network" }
      return
    }
    take(value, &kernel)
    if rules == .systemdBoot || kernelKey == nil { kernelKey = key }
  }

  /// A value without the quotes around it: `grub_users ""` is empty.
  private static func unquoted(_ value: ByteString) -> ByteString {
    value.bytes.first == 0x22 ? value.withoutQuotes : value
  }

  /// Why the entry can't be in a menu of this machine; nil if it can.
  var obstacle: ByteString? {
    if let fault { return fault }
    if kernel == nil { return "no linux, efi or uki line" }
    guard let architecture, architecture.lowercased != "x64" else { return nil }
    return "for the architecture \(architecture)"
  }
}

extension ByteString {
  /// A value without the quotes around it, if it begins and ends with the same (systemd-boot's
  /// `line_get_key_value`); quotes inside stay.
  var withoutQuotes: ByteString {
    guard count >= 2, let quote = bytes.first, quote == 0x22 || quote == 0x27, bytes.last == quote
    else { return self }
    return ByteString(bytes[1..<(count - 1)])
  }
}

extension EntryFile {
  /// What the entry boots, with the variables of a GRUB environment block put in.
  struct Boot {
    /// The kernel's path.
    var kernel: ByteString
    /// The initial ramdisks' paths.
    var initrds: [ByteString]
    /// The command line.
    var options: ByteString
  }

  /// What the entry boots; nil if it names no kernel. Variables that are not set become nothing in
  /// file names; in the options they become nothing or are kept.
  func boot(_ variables: EntryVariables, keepsUnset: Bool) -> Boot? {
    guard let kernel else { return nil }
    let text = options ?? variables.value("default_kernelopts") ?? ""
    var names: [ByteString] = []
    let countMax = MenuLimits.payloadCountMax + 1
    for line in initrds where names.count < countMax {
      for word in WordSequence(variables.expanded(line, keepsUnset: false))
        .prefix(countMax - names.count)
      { names.append(ByteString(word)) }
    }
    // Names of early ramdisks are without a directory: they are beside the first one.
    if let early = variables.value("early_initrd"), let first = names.first ?? self.kernel {
      let directory = MenuFile(device: "", path: first).directory.path
      names =
        WordSequence(early).prefix(countMax).map {
          $0.first == ASCII.slash ? ByteString($0) : "\(directory)/\(ByteString($0))"
        } + names
    }
    var line = variables.expanded(text, keepsUnset: keepsUnset).trimmed
    if let profile { line = ByteString.joined("@\(profile)", line) }
    let kernelName = variables.expanded(kernel, keepsUnset: false)
    return Boot(
      kernel: EntryFile.absolute(kernelName), initrds: names.map { EntryFile.absolute($0) },
      options: line)
  }

  /// A path; one on a device of its own, or in a variable of a script, is left as it is.
  private static func absolute(_ path: ByteString) -> ByteString {
    path.hasPrefix("/") || path.hasPrefix("(") || path.hasPrefix("$") ? path : "/" + path
  }
}
