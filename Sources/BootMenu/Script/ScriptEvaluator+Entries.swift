// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// `menuentry`, `submenu` and `hiddenentry` (GRUB manual, "menuentry"). An option
  /// that is not known is an argument like any other, as in GRUB 2.
  @inline(never)
  mutating func addEntry(_ command: ScriptCommand, _ call: ScriptInvocation) -> ScriptResult {
    let options = CommandOptions(
      call.arguments,
      "class= users= hotkey= source= id= unrestricted", acceptsDashes: true)
    guard let title = options.operands.first else { return .failed("title expected") }
    guard let block = call.block ?? sourceBlock(options) else {
      return .failed("'\(title)' has no block")
    }
    let entry = BootEntry(
      kind: command == .submenu ? .submenu : .boot, title: title, body: block.text,
      place: MenuPlace(file: place.file, line: block.line, column: block.column))
    entry.id = options.value("id") ?? title
    entry.hotkey = options.value("hotkey")
    entry.isHidden = command == .hiddenEntry
    entry.arguments = options.operands
    if let users = options.value("users") {
      entry.access = .users(ScriptEvaluator.names(users))
    } else if !options.has("unrestricted") {
      entry.access = .users([])
    }
    // The title and what else is kept of the arguments.
    let keptCount = call.arguments.reduce(0) { $0 + $1.count }
    return add(entry, keptByteCount: keptCount) ? .status(0) : .flow(.stopped)
  }

  /// Adds an entry; false, with a failure, if there are too many.
  mutating func add(_ entry: BootEntry, keptByteCount: Int = 0) -> Bool {
    guard pay(.nodes) else { return false }
    let byteCount = entry.body.count + max(entry.title.count, keptByteCount)
    guard
      MenuLimits.hasRoom(entryCount: menu.entries.count, textByteCount: textByteCount),
      byteCount <= MenuLimits.entryByteCountMax - entryByteCount
    else {
      failure = failure ?? .tooLarge(place: place, what: "too many entries")
      return false
    }
    entryByteCount += byteCount
    menu.entries.append(entry)
    return true
  }

  private func sourceBlock(_ options: CommandOptions) -> ScriptBlock? {
    options.value("source").map {
      ScriptBlock(text: ScriptLexer.withoutReturns($0), line: place.line, column: place.column)
    }
  }

  /// The names in a list that is separated by blanks, `,`, `;`, `|` or `&`, as `superusers` is.
  static func names(_ list: ByteString) -> [ByteString] {
    list.bytes.split(maxSplits: MenuLimits.userCountMax) {
      ASCII.isBlank($0) || $0 == 0x2c || $0 == 0x3b || $0 == 0x7c || $0 == 0x26
    }.prefix(MenuLimits.userCountMax).map { ByteString($0) }
  }

  /// The users that may do everything, if there are any.
  var superusers: [ByteString] { ScriptEvaluator.names(context.value("superusers") ?? "") }

  /// The menu so far, with settings from the present variables.
  func finishedMenu() -> Menu {
    var result = menu
    result.defaultName = context.value("default") ?? ""
    result.fallbackNames = WordSequence(context.value("fallback") ?? "")
      .prefix(MenuLimits.fallbackCountMax).map { ByteString($0) }
    if let timeout = context.value("timeout")?.trimmed,
      let first = timeout.bytes.first, ASCII.isDigit(first) || first == 0x2d
    {
      result.timeoutSeconds = ScriptNumber.value(timeout)
    }
    switch context.value("timeout_style") {
    case "hidden": result.timeoutStyle = .hidden
    case "countdown": result.timeoutStyle = .countdown
    default: result.timeoutStyle = .menu
    }
    result.superusers = superusers
    if result.superusers.isEmpty {
      // Nobody else has them yet.
      for entry in result.entries { entry.access = .anyone }
    }
    result.savedVariables = loader.savedVariables
    result.context = context
    result.root = root
    return result
  }
}
