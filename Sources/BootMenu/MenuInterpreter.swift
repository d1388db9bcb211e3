// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Reads menus and runs their entries. Nothing is booted here: the results are values.
///
/// A script's blocks and calls nest up to `MenuLimits.callDepthMax` deep on the caller's stack.
public struct MenuInterpreter<Environment: MenuEnvironment> {
  /// The world.
  public let environment: Environment
  /// Variables that a script finds set and exported, besides those that GRUB 2 sets itself.
  public var presets: [(name: ByteString, value: ByteString)] = []
  /// Variables that only a real boot knows; none in a real boot.
  public var unknown = UnknownVariables()

  /// An interpreter of menus in an environment.
  public init(environment: Environment) { self.environment = environment }

  /// Reads the menu in a file, in the language that its name or text speaks for. The file's device
  /// is the root that the menu starts with.
  public func load(_ file: MenuFile) throws(MenuError) -> Menu {
    let limit = MenuLimits.fileByteCountMax
    guard let text = environment.contents(of: file, byteCountMax: limit) else {
      throw .unreadable(file)
    }
    return try menu(text, file: file, format: MenuFormat(path: file.path, text: text))
  }

  /// Reads a menu from its text. A menu without entries is an error.
  public func menu(
    _ text: ByteString, file: MenuFile, format: MenuFormat
  ) throws(MenuError) -> Menu {
    guard text.count <= MenuLimits.fileByteCountMax else { throw .unreadable(file) }
    var menu = Menu(file: file, format: format)
    let start = MenuPlace(file: file.name, line: 1)
    let work = MenuWork(environment.work)
    _ = work.require(textByteCount: text.count)
    try work.check(start)
    switch format {
    case .legacy:
      menu.root = file.device
      LegacyMenu(text, root: file.device, environment: environment, work: work).fill(&menu)
    case .syslinux: SyslinuxMenu(environment: environment, work: work).fill(&menu, from: text)
    case .bls:
      guard text.count <= MenuLimits.entryFileByteCountMax else {
        throw .tooLarge(place: start, what: "over \(MenuLimits.entryFileByteCountMax >> 10) KiB")
      }
      fillWithEntries(&menu, from: text, work)
    case .grub2:
      var context = ScriptContext(file: file, root: file.device)
      context.unknown = unknown
      for (name, value) in presets {
        _ = context.set(name, value)
        context.export(name)
      }
      let place = MenuPlace(file: file.name, line: 1, column: 1)
      menu = try script(
        ScriptLexer.withoutReturns(text), context: context, menu: menu, place: place)
    }
    try work.check(work.place ?? start)
    guard !menu.entries.isEmpty else { throw .noEntries(file) }
    return menu
  }

  /// Runs an entry of a menu. `rest` is what the name of a chosen path says about the submenu that
  /// it opens; `isUnlocked` says that a password was given, or is not wanted.
  public func run(
    _ index: Int, of menu: Menu, rest: ByteString = "", isUnlocked: Bool = false
  ) throws(MenuError) -> EntryRun {
    guard menu.entries.indices.contains(index) else {
      throw .noSuchEntry(index: index, entryCount: menu.entries.count)
    }
    return try run(menu.entries[index], index: index, of: menu, rest: rest, isUnlocked: isUnlocked)
  }

  /// Runs an entry that may have been edited, as the entry at an index of a menu.
  public func run(
    _ entry: BootEntry, index: Int, of menu: Menu, rest: ByteString = "", isUnlocked: Bool = false
  ) throws(MenuError) -> EntryRun {
    if !isUnlocked, menu.lock(before: .start(index: index)) != nil {
      throw .locked(title: entry.title)
    }
    switch (menu.format, entry.kind) {
    case (.legacy, _): return try legacy(entry, index: index, of: menu, isUnlocked: isUnlocked)
    case (.syslinux, _): return try syslinux(entry, of: menu, rest: rest)
    case (.bls, _): return try bootLoaderEntry(entry, of: menu)
    case (.grub2, .submenu): return try submenu(entry, of: menu, rest: rest)
    case (.grub2, .boot): return try boot(entry, of: menu, rest: rest)
    }
  }

  private func legacy(
    _ entry: BootEntry, index: Int, of menu: Menu, isUnlocked: Bool
  ) throws(MenuError) -> EntryRun {
    let work = MenuWork(environment.work)
    var runner = LegacyEntry(environment: environment, menu: menu, work: work)
    runner.run(entry, index: index)
    try work.check(work.place ?? entry.place)
    if runner.loader.isLocked, !isUnlocked { throw .locked(title: entry.title) }
    if let outcome = runner.outcome {
      return EntryRun(outcome: outcome, warnings: runner.warnings, output: "")
    }
    let target = try runner.loader.target(title: entry.title)
    return EntryRun(outcome: .boot(target), warnings: runner.warnings, output: "")
  }

  private func boot(
    _ entry: BootEntry, of menu: Menu, rest: ByteString
  ) throws(MenuError) -> EntryRun {
    var empty = Menu(file: menu.file, format: .grub2)
    empty.depth = menu.depth
    empty.passwords = menu.passwords
    var context = menu.context
    choose(entry, of: menu, in: &context)
    setDefault(rest, in: &context)
    var evaluator = ScriptEvaluator(environment: environment, context: context, menu: empty)
    evaluator.arguments = entry.arguments
    _ = evaluator.run(
      entry.body, named: entry.place.file, line: entry.place.line, column: entry.place.column)
    if let failure = evaluator.failure { throw failure }
    let outcome: EntryOutcome
    if let asked = evaluator.outcome {
      outcome = asked
    } else if evaluator.loader.target == nil, !evaluator.menu.entries.isEmpty {
      outcome = .menu(evaluator.finishedMenu())
    } else {
      outcome = .boot(try evaluator.loader.target(title: entry.title))
    }
    return EntryRun(
      outcome: outcome, warnings: evaluator.menu.warnings, output: evaluator.menu.output)
  }

  /// Sets `$chosen` to the ids of the submenus and of the entry, with each `>` in them doubled.
  private func choose(_ entry: BootEntry, of menu: Menu, in context: inout ScriptContext) {
    var chosen = menu.idPrefix
    for byte in entry.id.bytes {
      if byte == 0x3e { chosen.append(byte) }
      chosen.append(byte)
    }
    _ = context.set("chosen", chosen)
    context.export("chosen")
  }

  /// Inside of an entry `$default` is what is left of the path that led there.
  private func setDefault(_ rest: ByteString, in context: inout ScriptContext) {
    if rest.isEmpty { context.unset("default") } else { _ = context.set("default", rest) }
  }

  /// Opens a submenu: it sees the exported variables, and its default is the rest of the path.
  private func submenu(
    _ entry: BootEntry, of menu: Menu, rest: ByteString
  ) throws(MenuError) -> EntryRun {
    guard menu.depth < MenuLimits.submenuDepthMax else {
      throw .nestedTooDeeply(place: entry.place)
    }
    var inner = Menu(file: menu.file, format: .grub2)
    inner.depth = menu.depth + 1
    inner.passwords = menu.passwords
    var context = menu.context
    context.keepExported()
    choose(entry, of: menu, in: &context)
    inner.idPrefix = (context.value("chosen") ?? "") + ">"
    setDefault(rest, in: &context)
    inner = try script(
      entry.body, context: context, menu: inner, place: entry.place, arguments: entry.arguments)
    guard !inner.entries.isEmpty else { throw .noEntries(menu.file) }
    return EntryRun(outcome: .menu(inner), warnings: inner.warnings, output: inner.output)
  }

  /// The menu that a script makes: that of another file if it opens one. A script that loads a
  /// kernel outside of any entry becomes the only entry.
  private func script(
    _ text: ArraySlice<UInt8>, context: ScriptContext, menu: Menu, place: MenuPlace,
    arguments: [ByteString]? = nil
  ) throws(MenuError) -> Menu {
    var evaluator = ScriptEvaluator(environment: environment, context: context, menu: menu)
    evaluator.arguments = arguments
    _ = evaluator.run(text, named: place.file, line: place.line, column: place.column)
    if let failure = evaluator.failure { throw failure }
    if case .menu(let other)? = evaluator.outcome { return other }
    var result = evaluator.finishedMenu()
    if evaluator.loader.target != nil, result.entries.isEmpty {
      result.entries = [
        BootEntry(kind: .boot, title: "commands of \(place.file)", body: text, place: place)
      ]
      result.context = context
    }
    return result
  }
}
