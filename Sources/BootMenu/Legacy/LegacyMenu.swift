// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Reads a menu of GRUB legacy (GRUB legacy manual, "Configuration" and "Commands for the menu
/// only"): commands before the first `title` set the menu up, the lines after a title are run when
/// its entry is chosen. `set name=value` and `%name%` of grub4dos are understood.
struct LegacyMenu<Environment: MenuEnvironment> {
  private let text: ArraySlice<UInt8>
  private let root: ByteString
  private let environment: Environment
  private let work: MenuWork

  /// A menu in a file on the device `root`.
  init(_ text: ByteString, root: ByteString, environment: Environment, work: MenuWork) {
    self.text = ScriptLexer.withoutReturns(text)
    self.work = work
    self.root = root
    self.environment = environment
  }

  /// Adds entries and settings to an empty menu.
  func fill(_ menu: inout Menu) {
    guard work.pay(.textBytes, text.count) else { return }
    var byteCount = 0
    var stepsLeft = MenuLimits.stepCountMax
    var lines = LegacyLines(text)
    var bodyStart = text.startIndex
    while let line = lines.next() {
      guard pay(line, menu) else { return }
      if line.command == "title" {
        finish(&menu, body: bodyStart..<lines.lineOffset)
        bodyStart = lines.offset
        let name = LegacyVariables.expanded(line.rest, menu.context)
        guard MenuLimits.hasRoom(entryCount: menu.entries.count, textByteCount: text.count),
          byteCount <= MenuLimits.entryByteCountMax
        else {
          warn(.failed("too many entries"), line, &menu)
          return
        }
        byteCount += name.count
        let place = MenuPlace(file: menu.file.name, line: line.number + 1)
        menu.entries.append(BootEntry(kind: .boot, title: name, source: "", place: place))
      } else if menu.entries.isEmpty {
        let value = LegacyVariables.expanded(line.rest, menu.context)
        stepsLeft -= 1 + value.count / MenuLimits.bytesPerStep
        guard stepsLeft > 0 else {
          warn(.failed("more than \(MenuLimits.stepCountMax) steps"), line, &menu)
          return
        }
        setUp(line, value, &menu)
      } else {
        byteCount += line.text.count + 1
        lock(line, menu.passwords, menu.entries[menu.entries.count - 1])
      }
    }
    finish(&menu, body: bodyStart..<lines.offset)
  }

  /// Pays for a line, and for the variables in it.
  private func pay(_ line: LegacyLine, _ menu: Menu) -> Bool {
    work.place = MenuPlace(file: menu.file.name, line: line.number, column: line.column)
    return work.pay(.nodes) && LegacyVariables.pay(for: line.rest, menu.context, work)
  }

  /// Gives the last entry its lines, as they are in the file but for carriage returns: places in
  /// them count as in the file.
  private func finish(_ menu: inout Menu, body: Range<Int>) {
    guard !menu.entries.isEmpty else { return }
    menu.entries[menu.entries.count - 1].body = text[body]
  }

  /// Runs a command that stands before the first title.
  private func setUp(_ line: LegacyLine, _ value: ByteString, _ menu: inout Menu) {
    switch line.command {
    case "default": setDefault(value, line, &menu)
    case "timeout":
      if value.bytes.first.map(ASCII.isDigit) == true || value.bytes.first == 0x2d {
        menu.timeoutSeconds = ScriptNumber.value(value)
      }
    case "fallback":
      menu.fallbackNames = line.arguments.filter { Numbers.decimal($0) != nil }
        .prefix(MenuLimits.fallbackCountMax).map { $0 }
    case "hiddenmenu": menu.timeoutStyle = .hidden
    case "password": addPassword(line, &menu)
    case "set": LegacyVariables.set(value, &menu.context)
    default:
      if !LegacyCommand.isQuiet(line.command), !LegacyCommand.isForEntries(line.command) {
        warn(.unknownCommand(line.command), line, &menu)
      }
    }
  }

  /// `default 2`, or `default saved`: then the number is in the file `default` beside the menu.
  private func setDefault(_ value: ByteString, _ line: LegacyLine, _ menu: inout Menu) {
    if value == "saved" {
      let directory = menu.file.directory
      let file = MenuFile(device: directory.device, path: directory.path + "/default")
      let saved = environment.contents(of: file, byteCountMax: 4096) ?? ""
      menu.defaultName = ByteString(Array(saved.bytes.prefix { ASCII.isDigit($0) }))
    } else if Numbers.decimal(value) != nil {
      menu.defaultName = value
    } else {
      warn(.failed("default \(value) is no number"), line, &menu)
    }
  }

  /// The last password of a menu is the one that counts. A file after it is a menu for whoever
  /// knows it.
  private func addPassword(_ line: LegacyLine, _ menu: inout Menu) {
    guard var password = LegacyMenu.password(line) else {
      return warn(.failed("password: an argument is missing"), line, &menu)
    }
    if let name = line.arguments.last, line.arguments.count > (password.form == .crypt ? 2 : 1),
      let file = MenuFile(legacy: name, root: root)
    {
      password = Menu.Password(user: "", form: password.form, text: password.text, file: file)
    }
    menu.passwords.removeAll { $0.user.isEmpty }
    menu.passwords.append(password)
  }

  /// `password TEXT` or `password --md5 HASH`; nil without a text.
  private static func password(_ line: LegacyLine) -> Menu.Password? {
    let arguments = line.arguments
    let isHashed = arguments.first == "--md5"
    guard arguments.count > (isHashed ? 1 : 0) else { return nil }
    return Menu.Password(
      user: "", form: isHashed ? .crypt : .plain, text: arguments[isHashed ? 1 : 0])
  }

  /// Takes the commands of an entry that want a password: `lock` the menu's, if it has one, and
  /// `password` one of its own.
  private func lock(_ line: LegacyLine, _ passwords: [Menu.Password], _ entry: BootEntry) {
    if line.command == "lock", passwords.contains(where: { $0.user.isEmpty }) {
      entry.access = .users([])
    } else if line.command == "password", let password = LegacyMenu.password(line),
      entry.passwords.count < MenuLimits.passwordCountMax
    {
      entry.passwords.append(password)
    }
  }

  private func warn(_ kind: MenuWarning.Kind, _ line: LegacyLine, _ menu: inout Menu) {
    let kind = kind.shortened
    if menu.warnings.contains(where: { $0.kind == kind }) { return }
    guard menu.warnings.count < MenuLimits.warningCountMax else { return }
    menu.warnings.append(
      MenuWarning(
        place: MenuPlace(file: menu.file.name, line: line.number, column: line.column), kind: kind))
  }
}
