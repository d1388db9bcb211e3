// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A module of syslinux (`NAME.c32`), by what it means here.
enum SyslinuxModule: Equatable {
  /// A menu program; with a file among its arguments it opens that menu.
  case menu
  /// Starts a Linux kernel that its arguments name.
  case linux
  /// Starts a multiboot kernel with modules, which its arguments name.
  case multiboot
  /// Opens another configuration.
  case configuration
  /// Chooses a label by the variant of syslinux that runs.
  case byVariant
  /// Chooses a label by the processor.
  case byProcessor
  /// Runs a command.
  case command
  /// Restarts the machine.
  case reboot
  /// Switches the machine off.
  case powerOff
  /// Not a module at all, by its name.
  case none
  /// Any other.
  case unknown(ByteString)

  /// The module that a command starts with.
  init(_ command: ByteString) {
    let word = ByteString(command.bytes.prefix { !ASCII.isBlank($0) })
    let start = word.bytes.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    let name = word.dropFirst(start).lowercased
    switch name {
    case "menu.c32", "vesamenu.c32", "gfxboot.c32", "gfxboot", "gfxmenu.c32", "ui.c32":
      self = .menu
    case "linux.c32": self = .linux
    case "mboot.c32": self = .multiboot
    case "config.c32": self = .configuration
    case "whichsys.c32": self = .byVariant
    case "ifcpu64.c32", "ifcpu.c32": self = .byProcessor
    case "cmd.c32": self = .command
    case "reboot.c32", "reboot.com": self = .reboot
    case "poweroff.c32", "poweroff.com": self = .powerOff
    default: self = name.hasSuffix(".c32") ? .unknown(name) : .none
    }
  }

  /// Whether it is a menu program.
  var isMenu: Bool { self == .menu }

  /// Whether it stands for a label that its arguments name.
  var isChoice: Bool { self == .byVariant || self == .byProcessor || self == .command }
}
