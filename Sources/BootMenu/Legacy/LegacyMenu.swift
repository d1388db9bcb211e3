// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Reads a menu of GRUB legacy (GRUB legacy manual, "Configuration" and "Commands for the menu
/// only"): commands before the first `title` set the menu up, the lines after a title are run when
/// its entry is chosen. `set name=value` and `%name%` of grub4dos are understood.
struct LegacyMenu<Environment: MenuEnvironment> {
  private let text: ByteString
  private let root: ByteString
  private let environment: Environment

  /// A menu in a file on the device `root`.
  init(_ text: ByteString, root: ByteString, environment: Environment) {
    self.text = text
    self.root = root
    self.environment = environment
  }

  /// Adds entries and settings to an empty menu.
  func fill(_ menu: inout Menu) {
    var byteCount = 0
    for line in LegacyLines(text) {
      let title = line.command == "title"
      if title {
        let name = LegacyVariables.expanded(line.rest, menu.context)
        guard menu.entries.count < MenuLimits.entryCountMax,
          byteCount <= MenuLimits.entryByteCountMax
        else {
          warn(.failed("too many entries"), line, &menu)
          return
        }
        byteCount += name.count
        let place = MenuPlace(file: menu.file.name, line: line.number + 1)
        menu.entries.append(BootEntry(kind: .boot, title: name, source: "", place: place))
      } else if menu.entries.isEmpty {
        setUp(line, &menu)
      } else {
        let last = menu.entries.count - 1
        byteCount += line.text.count + 1
        menu.entries[last].source += line.text
        menu.entries[last].source.append(ASCII.newline)
      }
    }
  }

  /// Runs a command that stands before the first title.
  private func setUp(_ line: LegacyLine, _ menu: inout Menu) {
    guard byteCountIsFair(line, menu) else { return }
    let value = LegacyVariables.expanded(line.rest, menu.context)
    switch line.command {
    case "default": setDefault(value, line, &menu)
    case "timeout":
      if value.bytes.first.map(ASCII.isDigit) == true || value.bytes.first == 0x2d {
        menu.timeoutSeconds = ScriptNumber.value(value)
      }
    case "fallback": menu.fallbackNames = line.arguments.filter { Numbers.decimal($0) != nil }
    case "hiddenmenu": menu.timeoutStyle = .hidden
    case "password": addPassword(line, &menu)
    case "set": LegacyVariables.set(value, &menu.context)
    default:
      if !LegacyCommand.isQuiet(line.command), !LegacyCommand.isForEntries(line.command) {
        warn(.unknownCommand(line.command), line, &menu)
      }
    }
  }

  private func byteCountIsFair(_ line: LegacyLine, _ menu: Menu) -> Bool {
    line.number <= MenuLimits.stepCountMax
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

  private func addPassword(_ line: LegacyLine, _ menu: inout Menu) {
    let arguments = line.arguments
    let isMD5 = arguments.first == "--md5"
    let index = isMD5 ? 1 : 0
    guard arguments.count > index, menu.passwords.count < MenuLimits.payloadCountMax else { return }
    menu.passwords.append(
      Menu.Password(user: "", form: isMD5 ? .md5 : .plain, text: arguments[index]))
  }

  private func warn(_ kind: MenuWarning.Kind, _ line: LegacyLine, _ menu: inout Menu) {
    if menu.warnings.contains(where: { $0.kind == kind }) { return }
    guard menu.warnings.count < MenuLimits.warningCountMax else { return }
    menu.warnings.append(
      MenuWarning(place: MenuPlace(file: menu.file.name, line: line.number), kind: kind))
  }
}

/// The variables of grub4dos: `set name=value` and `%name%`.
enum LegacyVariables {
  /// Runs `set name=value`.
  static func set(_ assignment: ByteString, _ context: inout ScriptContext) {
    guard let equals = assignment.bytes.firstIndex(of: 0x3d), equals > 0 else { return }
    let name = ByteString(assignment.bytes[..<equals]).trimmed
    _ = context.set(name, ByteString(assignment.bytes[(equals + 1)...]).trimmed)
  }

  /// A text with the values of its variables. What is not set stays as it is.
  static func expanded(_ text: ByteString, _ context: ScriptContext) -> ByteString {
    guard !context.variables.isEmpty, text.bytes.contains(0x25) else { return text }
    var result = ByteString()
    let parts = text.split(on: 0x25)
    var index = 0
    while index < parts.count {
      result += parts[index]
      guard index + 1 < parts.count else { break }
      if index + 2 < parts.count, let value = context.value(parts[index + 1]),
        result.count + value.count <= MenuLimits.variableByteCountMax
      {
        result += value
        index += 2
      } else {
        result.append(0x25)
        index += 1
      }
    }
    return result
  }
}

/// What is known about the commands of a legacy menu.
enum LegacyCommand {
  /// Whether a command is about hardware or looks, and does nothing here.
  static func isQuiet(_ command: ByteString) -> Bool { quiet.contains(command) }

  /// Whether a command belongs into an entry: before the first title it is ignored, as in GRUB.
  static func isForEntries(_ command: ByteString) -> Bool { forEntries.contains(command) }

  private static let quiet: [ByteString] = [
    "color", "splashimage", "gfxmenu", "foreground", "background", "serial", "terminal", "boot",
    "viewport", "shade", "setkey", "debug", "device", "graphicsmode", "font", "pause", "clear",
    "makeactive", "map", "partnew", "parttype", "hide", "unhide", "dhcp", "bootp", "ifconfig",
    "tftpserver", "rarp", "fstest", "geometry", "quiet", "verbose", "echo", "errorcheck", "write",
    "setup", "install", "embed", "command", "commandline", "checkrange", "is64bit",
  ]

  private static let forEntries: [ByteString] = [
    "root", "rootnoverify", "kernel", "initrd", "module", "modulenounzip", "chainloader", "uuid",
    "find", "findiso", "savedefault", "lock", "configfile", "reboot", "halt",
  ]
}
