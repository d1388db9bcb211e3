// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Runs the lines of an entry of a syslinux menu.
struct SyslinuxEntry<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// The menu that the entry is in.
  let menu: Menu

  private let work: MenuWork
  private var kind: SyslinuxLabel.Kind?
  private var file: ByteString = ""
  private var append: ByteString = ""
  private var initrd: ByteString?

  /// An entry of a menu.
  init(environment: Environment, menu: Menu) {
    self.environment = environment
    self.menu = menu
    work = MenuWork(environment.work)
  }

  /// Runs the lines; of several of a kind the last one counts.
  mutating func run(_ entry: BootEntry) throws(MenuError) -> EntryOutcome {
    _ = work.pay(.commands) && work.pay(.textBytes, entry.body.count)
    try work.check(entry.place)
    for line in SyslinuxLines(entry.body) {
      switch line.keyword {
      case "append": append = line.rest
      case "initrd": initrd = line.rest
      case "menu":
        if let lead = SyslinuxLead(line.inner) { return try follow(lead, entry) }
      default:
        guard let named = SyslinuxLabel.Kind(keyword: line.keyword) else { continue }
        kind = named
        file = line.rest
      }
    }
    guard let kind, !file.isEmpty else { throw .noKernel(title: entry.title) }
    let (name, arguments) = file.firstWord
    append = ByteString.joined(arguments, append)
    switch kind {
    case .linux: return .boot(try linux(name, append, entry))
    case .configuration: return .menu(try open(name, directory: append, entry))
    case .byName where SyslinuxModule(name) == .none:
      guard !SyslinuxText.isFirmwareCode(name, inIsolinux: inIsolinux) else { throw refused(entry) }
      return .boot(try linux(name, append, entry))
    case .byName, .module: return try run(SyslinuxModule(name), entry)
    case .localBoot, .firmware: throw refused(entry)
    }
  }

  /// Goes where a label leads: out of some menus, or to one by its tag. One that is open already is
  /// gone back to.
  private func follow(
    _ lead: SyslinuxLead, _ entry: BootEntry
  ) throws(MenuError) -> EntryOutcome {
    let tag: ByteString
    switch lead {
    case .exit(""):
      guard menu.tags.count > 1 else {
        throw .notForGuests(title: entry.title, what: "MENU EXIT of the outermost menu")
      }
      return .close(menuCount: 1)
    case .exit(let named), .goTo(let named): tag = named
    case .quit: return .exit
    }
    if let index = menu.tags.lastIndex(of: tag) {
      return .close(menuCount: menu.tags.count - 1 - index)
    }
    guard menu.depth < MenuLimits.submenuDepthMax else {
      throw .nestedTooDeeply(place: entry.place)
    }
    var parser = SyslinuxParser(
      environment: environment, file: menu.file, directory: directory, work: work)
    let whole = parser.parse(menu.wholeSource.bytes[...])
    try work.check(entry.place)
    guard !tag.isEmpty, let found = whole.menu(tagged: tag) else {
      throw .notForGuests(title: entry.title, what: "there is no menu \(tag)")
    }
    let inner = SyslinuxMenu(environment: environment, work: work)
      .submenu(of: menu, tag: tag, source: found.source.bytes[...], line: found.place.line)
    try work.check(entry.place)
    guard !inner.entries.isEmpty else { throw .noEntries(menu.file) }
    return .menu(inner)
  }

  private func refused(_ entry: BootEntry) -> MenuError {
    .notForGuests(
      title: entry.title,
      what: SyslinuxText.obstacle(kind ?? .firmware, file: file, inIsolinux: inIsolinux)
        ?? "\(file) chooses no label")
  }

  private func run(
    _ module: SyslinuxModule, _ entry: BootEntry
  ) throws(MenuError) -> EntryOutcome {
    switch module {
    case .linux:
      let (name, arguments) = SyslinuxText.withoutOptions(append).firstWord
      return .boot(try linux(name, arguments, entry))
    case .multiboot: return .boot(try multiboot(entry))
    case .menu:
      // Without a file it is the present configuration.
      let name = append.firstWord.word
      return .menu(try open(name.isEmpty ? "~" : name, directory: "", entry))
    case .configuration:
      let (name, directory) = append.firstWord
      return .menu(try open(name, directory: directory, entry))
    case .reboot: return .reboot
    case .powerOff: return .halt
    case .byVariant, .byProcessor, .command, .none, .unknown: throw refused(entry)
    }
  }

  private var inIsolinux: Bool { SyslinuxText.isIsolinux(menu.file) }

  private var directory: MenuFile { SyslinuxText.directory(of: menu) }

  private func file(_ name: ByteString) -> MenuFile { SyslinuxText.file(name, in: directory) }

  /// The last `initrd=` of the command line counts, as in syslinux, or else `INITRD`; both are
  /// lists with commas.
  private func linux(
    _ name: ByteString, _ commandLine: ByteString, _ entry: BootEntry
  ) throws(MenuError) -> BootTarget {
    guard !name.isEmpty else { throw .noKernel(title: entry.title) }
    var target = BootTarget(kind: .linux, kernel: file(name), commandLine: commandLine)
    target.root = menu.file.device
    let mark: ByteString = "initrd="
    var argument: ByteString?
    for word in WordSequence(commandLine) where word.starts(with: mark.bytes) {
      argument = ByteString(word.dropFirst(7))
    }
    let list = argument ?? initrd ?? ""
    let names = list.bytes.split(maxSplits: MenuLimits.payloadCountMax) {
      $0 == 0x2c || ASCII.isBlank($0)
    }
    guard names.count <= MenuLimits.payloadCountMax else {
      throw .commandFailed(title: entry.title, reason: "too many initial ramdisks")
    }
    target.initrds = names.map { file(ByteString($0)) }
    return target
  }

  /// `mboot.c32 KERNEL ARGUMENTS --- MODULE ARGUMENTS --- ...`.
  private func multiboot(_ entry: BootEntry) throws(MenuError) -> BootTarget {
    var parts: [ByteString] = [""]
    for word in WordSequence(SyslinuxText.withoutOptions(append))
    where parts.count <= MenuLimits.payloadCountMax {
      if word.elementsEqual([0x2d, 0x2d, 0x2d]) {
        parts.append("")
      } else {
        if !parts[parts.count - 1].isEmpty { parts[parts.count - 1].append(ASCII.space) }
        parts[parts.count - 1].bytes += word
      }
    }
    guard parts.count <= MenuLimits.payloadCountMax else {
      throw .commandFailed(title: entry.title, reason: "too many modules")
    }
    let (name, commandLine) = parts[0].firstWord
    guard !name.isEmpty else { throw .noKernel(title: entry.title) }
    var target = BootTarget(kind: .multiboot, kernel: file(name), commandLine: commandLine)
    target.root = menu.file.device
    for part in parts.dropFirst() {
      let (name, commandLine) = part.firstWord
      if name.isEmpty { continue }
      target.modules.append(.init(file: file(name), commandLine: commandLine))
    }
    return target
  }

  /// Opens another configuration; `~` is the present one. A directory that is given is the one that
  /// names are in from there on.
  private func open(
    _ name: ByteString, directory: ByteString, _ entry: BootEntry
  ) throws(MenuError) -> Menu {
    guard menu.depth < MenuLimits.submenuDepthMax else {
      throw .nestedTooDeeply(place: entry.place)
    }
    let found = name == "~" ? menu.file : file(name)
    guard !name.isEmpty,
      let text = environment.contents(of: found, byteCountMax: MenuLimits.fileByteCountMax)
    else { throw .unreadable(found) }
    var inner = Menu(file: found, format: .syslinux)
    inner.depth = menu.depth + 1
    inner.passwords = menu.passwords.filter { !$0.user.isEmpty }
    inner.superusers = menu.superusers
    inner.directory = directory.isEmpty ? self.directory : file(directory)
    _ = work.require(textByteCount: text.count)
    SyslinuxMenu(environment: environment, work: work).fill(&inner, from: text)
    try work.check(work.place ?? entry.place)
    guard !inner.entries.isEmpty else { throw .noEntries(found) }
    return inner
  }
}
