// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Names and command lines as a configuration of syslinux has them.
enum SyslinuxText {
  /// The directory that names without a slash are in.
  static func directory(of menu: Menu) -> MenuFile { menu.directory ?? menu.file.directory }

  /// A file by its name: from the root of the device with a slash in front, or else from a
  /// directory. `::` of pxelinux says that a name is complete.
  static func file(_ name: ByteString, in directory: MenuFile) -> MenuFile {
    let bare = name.hasPrefix("::") ? name.dropFirst(2) : name
    if bare.hasPrefix("/") || directory.path.isEmpty {
      return MenuFile(device: directory.device, path: bare)
    }
    let separator: ByteString = directory.path.hasSuffix("/") ? "" : "/"
    return MenuFile(device: directory.device, path: directory.path + separator + bare)
  }

  /// The arguments of a module without the options in front (`mboot.c32 -c xen.gz`).
  static func withoutOptions(_ text: ByteString) -> ByteString {
    text.withoutWords { $0.first == 0x2d && !$0.starts(with: [0x2d, 0x2d, 0x2d]) }
  }

  /// Whether `KERNEL` takes a file for something else than a Linux kernel, by its name
  /// (syslinux documentation, "config.txt", KERNEL). Some endings mean something to isolinux only.
  static func isFirmwareCode(_ name: ByteString, inIsolinux: Bool) -> Bool {
    let endings = ByteString.words(".0 .bs .bss .com .cbt")
    let lower = name.lowercased
    if inIsolinux, lower.hasSuffix(".bin") || lower.hasSuffix(".img") { return true }
    return endings.contains { lower.hasSuffix($0) }
  }

  /// Whether a configuration is one of isolinux, by its name.
  static func isIsolinux(_ file: MenuFile) -> Bool {
    let name = file.path.lowercased.bytes
    let word: ByteString = "isolinux"
    return name.indices.contains { name[$0...].starts(with: word.bytes) }
  }

  /// Why a guest can't start what a label names; nil if it can.
  static func obstacle(
    _ kind: SyslinuxLabel.Kind, file: ByteString, inIsolinux: Bool
  ) -> ByteString? {
    let name = file.firstWord.word
    let module = SyslinuxModule(name)
    switch (kind, module) {
    case (.linux, _), (.configuration, _): return nil
    case (.localBoot, _): return "LOCALBOOT \(file) is for a PC's firmware"
    case (.firmware, _): return "\(name) is code for a PC's firmware"
    case (.byName, .none):
      return isFirmwareCode(name, inIsolinux: inIsolinux)
        ? "\(name) is code for a PC's firmware" : nil
    case (_, .unknown), (.module, .none): return "module \(name) is not available"
    default: return nil
    }
  }
}
