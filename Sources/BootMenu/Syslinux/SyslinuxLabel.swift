// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Where a label leads that starts nothing (syslinux documentation, "menu.txt").
enum SyslinuxLead: Equatable {
  /// `MENU EXIT`, or `MENU EXIT tag`: out of the menu, or of several.
  case exit(tag: ByteString)
  /// `MENU GOTO tag`: to another menu.
  case goTo(tag: ByteString)
  /// `MENU QUIT`: to a prompt, which is not there.
  case quit

  /// The keyword after `MENU`, and what follows it; nil if it is none of these.
  init?(_ line: SyslinuxLine) {
    switch line.keyword {
    case "exit": self = .exit(tag: line.rest.firstWord.word)
    case "goto": self = .goTo(tag: line.rest.firstWord.word)
    case "quit": self = .quit
    default: return nil
    }
  }

  /// The line that says so.
  var source: ByteString {
    switch self {
    case .exit(let tag): "MENU EXIT \(tag)\n"
    case .goTo(let tag): "MENU GOTO \(tag)\n"
    case .quit: "MENU QUIT\n"
    }
  }
}

/// What stands between a `LABEL` and the next one.
struct SyslinuxLabel {
  /// How the file that a label names is started (syslinux documentation, "config.txt", LABEL).
  enum Kind: Equatable {
    /// `KERNEL`: what the file's name says.
    case byName
    /// `LINUX`: a Linux kernel whatever its name.
    case linux
    /// `COM32`: a module of syslinux.
    case module
    /// `CONFIG`: another configuration.
    case configuration
    /// `LOCALBOOT`: the next disk of the firmware.
    case localBoot
    /// `BOOT`, `BSS`, `PXE`, `FDIMAGE` and `COMBOOT`: code for a PC's firmware.
    case firmware

    /// The kind that a keyword stands for.
    init?(keyword: ByteString) {
      switch keyword {
      case "kernel": self = .byName
      case "linux": self = .linux
      case "com32": self = .module
      case "config": self = .configuration
      case "localboot": self = .localBoot
      case "boot", "bss", "pxe", "fdimage", "comboot": self = .firmware
      default: return nil
      }
    }

    /// The keyword for it.
    var keyword: ByteString {
      switch self {
      case .byName: "KERNEL"
      case .linux: "LINUX"
      case .module: "COM32"
      case .configuration: "CONFIG"
      case .localBoot: "LOCALBOOT"
      case .firmware: "BOOT"
      }
    }
  }

  /// Its name.
  var name: ByteString
  /// Where it starts.
  var place: MenuPlace
  /// The text of `MENU LABEL`, with the `^` before its key.
  var menuLabel: ByteString?
  /// How the file is started; nil if the label names none.
  var kind: Kind?
  /// The file, with what else stands in its line.
  var file: ByteString = ""
  /// The text of `APPEND`; nil if there is none, so that the global one is taken.
  var append: ByteString?
  /// The list of `INITRD`.
  var initrd: ByteString?
  /// Whether it is chosen at the start (`MENU DEFAULT`).
  var isDefault = false
  /// Whether it is not shown (`MENU HIDE`), or is a mere heading (`MENU DISABLE`).
  var isHidden = false
  /// Where it leads instead of starting something; nil if it starts something.
  var lead: SyslinuxLead?
  /// The password of `MENU PASSWD`; empty means the master password.
  var password: ByteString?

  /// A label that nothing is known of yet.
  init(name: ByteString, place: MenuPlace) {
    self.name = name
    self.place = place
  }

  /// What the menu shows.
  var title: ByteString { SyslinuxLabel.withoutKey(menuLabel ?? name) }

  /// The lines that start it: what an entry keeps, and what an editor shows.
  var source: ByteString {
    if let lead { return lead.source }
    var text = ByteString()
    if let kind { text += "\(kind.keyword) \(file)\n" }
    if let initrd { text += "INITRD \(initrd)\n" }
    if let append, !append.isEmpty { text += "APPEND \(append)\n" }
    return text
  }

  /// The label with all its lines, for the text of a submenu.
  var text: ByteString {
    var text: ByteString = "LABEL \(name)\n"
    if let menuLabel { text += "MENU LABEL \(menuLabel)\n" }
    if isDefault { text += "MENU DEFAULT\n" }
    if isHidden { text += "MENU HIDE\n" }
    if let password { text += "MENU PASSWD \(password)\n" }
    return text + source
  }

  /// A text without the `^` that marks its key.
  static func withoutKey(_ text: ByteString) -> ByteString {
    guard let mark = text.bytes.firstIndex(of: 0x5e) else { return text }
    var bytes = text.bytes
    bytes.remove(at: mark)
    return ByteString(bytes)
  }

  /// The key that a `^` in a text marks, in lower case.
  static func key(in text: ByteString) -> ByteString? {
    guard let mark = text.bytes.firstIndex(of: 0x5e), mark + 1 < text.bytes.count else {
      return nil
    }
    let key = text.bytes[mark + 1]
    return ASCII.isPrintable(key) ? ByteString([ASCII.lowercased(key)]) : nil
  }
}

/// A menu inside a configuration: the whole of it, or what stands between `MENU BEGIN` and
/// `MENU END`.
struct SyslinuxSubmenu {
  /// A line of the menu.
  indirect enum Item {
    /// A label.
    case label(SyslinuxLabel)
    /// A menu of its own.
    case submenu(SyslinuxSubmenu)
  }

  /// What follows `MENU BEGIN`.
  var tag: ByteString = ""
  /// The text of `MENU LABEL` before the first label.
  var menuLabel: ByteString?
  /// The text of `MENU TITLE`.
  var title: ByteString = ""
  /// Where it starts.
  var place: MenuPlace
  /// The text of `APPEND` outside of labels.
  var append: ByteString?
  /// Whether it is the menu to start with (`MENU START`).
  var isStart = false
  /// Whether the entry before it is the default one of the menu outside (`MENU DEFAULT`).
  var isDefault = false
  /// Its lines.
  var items: [Item] = []

  /// Whether a label in it leads to a menu by its tag.
  var hasLeads: Bool {
    items.contains { item in
      switch item {
      case .label(let label): label.lead != nil
      case .submenu(let menu): menu.hasLeads
      }
    }
  }

  /// The menu with a tag, this one or one inside it; nil if there is none.
  func menu(tagged tag: ByteString) -> SyslinuxSubmenu? {
    if self.tag == tag { return self }
    for case .submenu(let menu) in items {
      if let found = menu.menu(tagged: tag) { return found }
    }
    return nil
  }

  /// What the menu outside shows, with the `^` before its key.
  var label: ByteString {
    if let menuLabel { return menuLabel }
    return title.isEmpty ? tag : title
  }

  /// The menu's lines as text.
  var source: ByteString {
    var text = ByteString()
    for item in items {
      switch item {
      case .label(let label): text += label.text
      case .submenu(let menu):
        text += "MENU BEGIN \(menu.tag)\nMENU LABEL \(menu.label)\n"
        if menu.isDefault { text += "MENU DEFAULT\n" }
        text += menu.source
        text += "MENU END\n"
      }
    }
    return text
  }
}
