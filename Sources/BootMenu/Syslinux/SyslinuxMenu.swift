// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Makes a menu of a configuration of syslinux, extlinux, isolinux or pxelinux.
struct SyslinuxMenu<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// What pays.
  let work: MenuWork

  /// Adds entries and settings to an empty menu whose file has this text.
  func fill(_ menu: inout Menu, from text: ByteString) {
    fill(&menu, from: text.bytes[...], line: 1)
  }

  private func fill(_ menu: inout Menu, from text: ArraySlice<UInt8>, line: Int) {
    let directory = SyslinuxText.directory(of: menu)
    var parser = SyslinuxParser(
      environment: environment, file: menu.file, directory: directory, work: work)
    let top = parser.parse(text, line: line)
    var choice = SyslinuxChoice(top, settings: parser.settings, device: menu.file.device, work)
    choice.resolve()
    if work.failure != nil { return }
    if menu.wholeSource.isEmpty, choice.top.hasLeads { menu.wholeSource = choice.top.source }
    apply(parser.settings, to: &menu)
    menu.entries = entries(of: choice.top)
    menu.defaultName = choice.defaultName
    menu.fallbackNames = choice.fallbackNames
    let room = MenuLimits.warningCountMax - parser.warnings.count
    menu.warnings += parser.warnings + choice.warnings.prefix(max(room, 0))
    menu.root = menu.file.device
  }

  private func apply(_ settings: SyslinuxSettings, to menu: inout Menu) {
    menu.timeoutSeconds = settings.timeoutSeconds
    if settings.isHidden { menu.timeoutStyle = .hidden }
    menu.isEditable = settings.allowsOptions
    guard let password = settings.masterPassword else { return }
    menu.passwords.append(SyslinuxMenu.stored(password))
  }

  /// A password as `MENU PASSWD` has it: a hash, if a `$` stands in front.
  private static func stored(_ text: ByteString) -> Menu.Password {
    Menu.Password(user: "", form: text.hasPrefix("$") ? .crypt : .plain, text: text)
  }

  /// A menu inside another one of the same configuration.
  func submenu(of menu: Menu, tag: ByteString, source: ArraySlice<UInt8>, line: Int) -> Menu {
    var inner = Menu(file: menu.file, format: .syslinux)
    inner.depth = menu.depth + 1
    inner.directory = SyslinuxText.directory(of: menu)
    inner.wholeSource = menu.wholeSource
    inner.tags = menu.tags + [tag]
    fill(&inner, from: source, line: line)
    // The outer menu has already reported what was skipped.
    inner.warnings = []
    inner.passwords = menu.passwords
    inner.superusers = menu.superusers
    inner.isEditable = menu.isEditable
    return inner
  }

  private func entries(of menu: SyslinuxSubmenu) -> [BootEntry] {
    var result: [BootEntry] = []
    result.reserveCapacity(menu.items.count)
    for item in menu.items {
      switch item {
      case .label(let label): result.append(entry(label))
      case .submenu(let inner):
        let entry = BootEntry(
          kind: .submenu, title: SyslinuxLabel.withoutKey(inner.label), source: inner.source,
          place: inner.place)
        if !inner.tag.isEmpty { entry.id = inner.tag }
        entry.hotkey = SyslinuxLabel.key(in: inner.label)
        result.append(entry)
      }
    }
    return result
  }

  private func entry(_ label: SyslinuxLabel) -> BootEntry {
    let entry = BootEntry(
      kind: .boot, title: label.title, source: label.source, place: label.place)
    entry.id = label.name
    entry.isHidden = label.isHidden
    if let text = label.menuLabel { entry.hotkey = SyslinuxLabel.key(in: text) }
    if let password = label.password {
      // An empty one leaves only the master password.
      entry.access = .users([])
      if !password.isEmpty { entry.passwords = [SyslinuxMenu.stored(password)] }
    }
    return entry
  }
}

extension MenuInterpreter {
  /// Runs an entry of a syslinux menu, or opens its submenu.
  func syslinux(
    _ entry: BootEntry, of menu: Menu, rest: ByteString
  ) throws(MenuError) -> EntryRun {
    guard entry.kind == .submenu else {
      var runner = SyslinuxEntry(environment: environment, menu: menu)
      return EntryRun(outcome: try runner.run(entry), warnings: [], output: "")
    }
    guard menu.depth < MenuLimits.submenuDepthMax else {
      throw .nestedTooDeeply(place: entry.place)
    }
    let work = MenuWork(environment.work)
    var inner = SyslinuxMenu(environment: environment, work: work)
      .submenu(of: menu, tag: entry.id, source: entry.body, line: entry.place.line)
    try work.check(work.place ?? entry.place)
    if !rest.isEmpty { inner.defaultName = rest }
    guard !inner.entries.isEmpty else { throw .noEntries(menu.file) }
    return EntryRun(outcome: .menu(inner), warnings: [], output: "")
  }
}
