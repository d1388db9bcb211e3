// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Runs the commands of an entry of a legacy menu.
struct LegacyEntry<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// The menu that the entry is in.
  let menu: Menu
  /// What has been named so far.
  var loader = LoaderState()
  /// What the entry asks for other than a boot.
  var outcome: EntryOutcome?
  /// What was skipped.
  var warnings: [MenuWarning] = []
  private let work: MenuWork
  private var root: ByteString
  private var context: ScriptContext

  /// An entry of a menu, with the menu's root.
  init(environment: Environment, menu: Menu, work: MenuWork) {
    self.environment = environment
    self.work = work
    self.menu = menu
    root = menu.root
    context = menu.context
  }

  /// Runs the commands of an entry up to the end or `boot`.
  mutating func run(_ entry: BootEntry, index: Int) {
    var stepsLeft = MenuLimits.stepCountMax
    guard work.pay(.textBytes, entry.body.count) else { return }
    for line in LegacyLines(entry.body, firstNumber: entry.place.line) {
      work.place = MenuPlace(file: entry.place.file, line: line.number, column: line.column)
      guard work.pay(.commands), LegacyVariables.pay(for: line.rest, context, work) else { return }
      let value = LegacyVariables.expanded(line.rest, context)
      stepsLeft -= 1 + value.count / MenuLimits.bytesPerStep
      let place = MenuPlace(file: entry.place.file, line: line.number, column: line.column)
      guard stepsLeft > 0 else {
        warn(.failed("more than \(MenuLimits.stepCountMax) steps"), place)
        return
      }
      if !run(line.command, value, index: index) {
        let kind: MenuWarning.Kind =
          LegacyCommand.isQuiet(line.command) || LegacyCommand.isForEntries(line.command)
          ? .failed(loader.lastFailure ?? line.command) : .unknownCommand(line.command)
        warn(kind, place)
      }
      if loader.isBootRequested || outcome != nil { return }
    }
  }

  private mutating func warn(_ kind: MenuWarning.Kind, _ place: MenuPlace) {
    let kind = kind.shortened
    if warnings.contains(where: { $0.kind == kind }) { return }
    guard warnings.count < MenuLimits.warningCountMax else { return }
    warnings.append(MenuWarning(place: place, kind: kind))
  }

  private mutating func fail(_ reason: ByteString) -> Bool {
    loader.lastFailure = reason.shortened
    return false
  }

  /// Runs one command; false if it failed or is not known.
  private mutating func run(_ command: ByteString, _ value: ByteString, index: Int) -> Bool {
    switch command {
    case "root", "rootnoverify": return setRoot(value)
    case "uuid": return search(.fileSystemUUID(value))
    case "find", "findiso": return find(value)
    case "kernel": return kernel(value)
    case "initrd": return initrd(value)
    case "module", "modulenounzip": return module(value)
    case "chainloader": loader.chainloaded = value
    case "configfile": return configFile(value)
    case "lock": if menu.passwords.contains(where: { $0.user.isEmpty }) { loader.isLocked = true }
    case "password": loader.isLocked = true
    case "savedefault": saveDefault(value, index: index)
    case "set": LegacyVariables.set(value, &context)
    case "boot":
      loader.isBootRequested = true
    case "reboot": outcome = .reboot
    case "halt": outcome = .halt
    default: return LegacyCommand.isQuiet(command)
    }
    return true
  }

  private func file(_ name: ByteString) -> MenuFile? {
    MenuFile(legacy: name, root: root)
  }

  private mutating func setRoot(_ value: ByteString) -> Bool {
    if value.isEmpty { return true }
    if value.bytes.first == 0x28 {
      guard let file = MenuFile(value, root: root) else { return fail("root: bad name \(value)") }
      root = DeviceName.modern(legacy: file.device)
      return true
    }
    return search(.fileSystemUUID(value))
  }

  private mutating func search(_ key: SearchKey) -> Bool {
    if let device = environment.device(having: key) {
      root = device
      return true
    }
    switch key {
    case .fileSystemUUID(let name): return fail("no device with file system UUID \(name)")
    case .file(let path): return fail("no device with file \(path)")
    case .label(let name), .partitionUUID(let name), .partitionLabel(let name):
      return fail("no device named \(name)")
    }
  }

  private mutating func find(_ value: ByteString) -> Bool {
    let words = LegacyLine("find \(value)").arguments
    guard words.contains(where: { $0.hasPrefix("--set-root") }),
      let path = words.first(where: { !$0.hasPrefix("--") })
    else { return true }
    return search(.file(path))
  }

  /// The first word that is no option, and what follows it.
  private func fileAndRest(_ value: ByteString) -> (name: ByteString, rest: ByteString) {
    let (name, rest) =
      value.withoutWords(keepingLast: true) { $0.starts(with: [0x2d, 0x2d]) }.firstWord
    return (name, rest)
  }

  private mutating func kernel(_ value: ByteString) -> Bool {
    let (name, rest) = fileAndRest(value)
    guard !name.isEmpty, let file = file(name) else { return fail("kernel: bad name \(name)") }
    var target = BootTarget(kind: .linux, kernel: file, commandLine: rest)
    target.root = root
    loader.target = target
    return true
  }

  private mutating func initrd(_ value: ByteString) -> Bool {
    guard loader.target != nil else { return fail("initrd: no kernel before it") }
    var files: [MenuFile] = []
    for name in LegacyLine("initrd \(value)").arguments.prefix(
      MenuLimits.payloadCountMax)
    where files.isEmpty || name.bytes.first == 0x2f || name.bytes.first == 0x28 {
      guard let file = file(name) else { return fail("initrd: bad name \(name)") }
      files.append(file)
    }
    guard !files.isEmpty else { return fail("initrd: file name expected") }
    loader.target?.initrds = files
    return true
  }

  /// A module makes its kernel a multiboot one: a hypervisor.
  private mutating func module(_ value: ByteString) -> Bool {
    let (name, rest) = fileAndRest(value)
    guard let count = loader.target?.modules.count, count < MenuLimits.payloadCountMax,
      !name.isEmpty, let file = file(name)
    else { return fail("module: no kernel before it, or a bad name") }
    loader.target?.kind = .multiboot
    loader.target?.modules.append(.init(file: file, commandLine: rest))
    return true
  }

  private mutating func configFile(_ value: ByteString) -> Bool {
    guard menu.depth < MenuLimits.submenuDepthMax, let file = file(value),
      let text = environment.contents(of: file, byteCountMax: MenuLimits.fileByteCountMax)
    else { return fail("configfile: \(value) can't be read") }
    var inner = Menu(file: file, format: .legacy)
    inner.depth = menu.depth + 1
    inner.root = root
    LegacyMenu(text, root: root, environment: environment, work: work).fill(&inner)
    guard !inner.entries.isEmpty else { return fail("configfile: \(value) has no entries") }
    outcome = .menu(inner)
    return true
  }

  private mutating func saveDefault(_ value: ByteString, index: Int) {
    let directory = menu.file.directory
    let file = MenuFile(device: directory.device, path: directory.path + "/default")
    let number: ByteString
    if value == "fallback" {
      number = menu.fallbackNames.first ?? "\(index)"
    } else {
      number = Numbers.decimal(value) == nil ? "\(index)" : value
    }
    loader.savedVariables = [.init(file: file, name: "default", value: number)]
  }
}
