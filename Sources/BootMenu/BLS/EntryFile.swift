// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An entry's file (Boot Loader Specification, "Type #1 Boot Loader Specification Entries", and the
/// keys that GRUB's `blscfg` adds). Keys that nobody here knows are ignored, as it wants.
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

  /// Reads a file's text. Of keys that may stand there once, the first is taken, as in GRUB.
  init(_ text: ByteString) {
    for line in text.bytes.split(separator: ASCII.newline) {
      let body = line.drop { ASCII.isBlank($0) }
      let key = body.prefix { !ASCII.isBlank($0) }
      let value = ByteString(body.dropFirst(key.count)).trimmed
      if key.first == 0x23 || value.isEmpty { continue }
      set(ByteString(key), value)
    }
  }

  private func set(_ key: ByteString, _ value: ByteString) {
    let plain = EntryFile.unquoted(value)
    switch key {
    case "title": title = title ?? plain
    case "version": version = version ?? plain
    case "machine-id": machineID = machineID ?? plain
    case "sort-key": sortKey = sortKey ?? plain
    case "linux", "efi", "uki": kernel = kernel ?? plain
    case "initrd":
      if initrds.count < MenuLimits.payloadCountMax { initrds.append(value) }
    case "options": options = options.map { "\($0) \(value)" } ?? value
    case "id": id = id ?? plain
    case "architecture": architecture = architecture ?? plain
    case "grub_users": users = users ?? plain
    case "grub_arg":
      if arguments.count < MenuLimits.payloadCountMax { arguments.append(value) }
    case "grub_hotkey": hotkey = hotkey ?? plain
    default: break
    }
  }

  /// A value without the quotes around it: `grub_users ""` is empty.
  private static func unquoted(_ value: ByteString) -> ByteString {
    guard value.count >= 2, value.bytes.first == 0x22, value.bytes.last == 0x22 else {
      return value
    }
    return ByteString(value.bytes[1..<(value.count - 1)])
  }

  /// Why the entry can't be in a menu of this machine; nil if it can.
  var obstacle: ByteString? {
    if kernel == nil { return "no linux, efi or uki line" }
    guard let architecture, architecture.lowercased != "x64" else { return nil }
    return "for the architecture \(architecture)"
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
    for line in initrds where names.count <= MenuLimits.payloadCountMax {
      names += variables.expanded(line, keepsUnset: false).words
    }
    // Names of early ramdisks are without a directory: they are beside the first one.
    if let early = variables.value("early_initrd"), let first = names.first ?? self.kernel {
      let directory = MenuFile(device: "", path: first).directory.path
      names =
        early.words.map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" } + names
    }
    return Boot(
      kernel: EntryFile.absolute(kernel), initrds: names.map { EntryFile.absolute($0) },
      options: variables.expanded(text, keepsUnset: keepsUnset).trimmed)
  }

  private static func absolute(_ path: ByteString) -> ByteString {
    path.hasPrefix("/") ? path : "/" + path
  }
}
