// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What Tab does to a line of commands.
public struct Completion: Equatable, Sendable {
  /// What is put in at the cursor.
  public var insertion: ByteString
  /// The names that fit, in order, if several do: at most `MenuLimits.completionChoiceCountMax`.
  public var choices: [ByteString]
  /// How many more names fit.
  public var furtherCount: Int

  /// What Tab does where nothing fits.
  public static let nothing = Completion(insertion: "", choices: [], furtherCount: 0)

  /// What Tab does.
  public init(insertion: ByteString, choices: [ByteString] = [], furtherCount: Int = 0) {
    self.insertion = insertion
    self.choices = choices
    self.furtherCount = furtherCount
  }

  /// The choices for a person, one line.
  public var list: ByteString {
    var result = ByteString()
    for (index, choice) in choices.enumerated() {
      if index > 0 { result += "  " }
      result += choice
    }
    return furtherCount > 0 ? result + "  and \(furtherCount) more" : result
  }
}

/// Where Tab is asked for: a line, a place in it, and what runs before that line.
public struct CompletionRequest: Equatable, Sendable {
  /// The commands before the line.
  public var before: ByteString
  /// The line.
  public var line: ByteString
  /// The bytes of the line in front of the cursor.
  public var cursor: Int

  /// Where Tab is asked for.
  public init(before: ByteString = "", line: ByteString, cursor: Int) {
    self.before = before
    self.line = line
    self.cursor = cursor
  }
}

/// Completes a word: names of commands, of devices after `(`, and paths.
struct Completer<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// The device of paths that name none.
  let root: ByteString

  /// What Tab does after `text`.
  func completion(of text: ByteString) -> Completion {
    let place = CompletionPlace(text)
    let word = place.word
    let isPath = word.hasPrefix("/") || word.hasPrefix("(")
    if place.isCommand, !isPath { return chosen(commands, word, place) { _ in " " } }
    guard isPath else { return .nothing }
    guard word.hasPrefix("(") else { return path(word, on: root, place) }
    guard let close = word.bytes.firstIndex(of: 0x29) else {
      return chosen(environment.deviceNames(), word.dropFirst(), place) { _ in ")" }
    }
    let device = ByteString(word.bytes[1..<close])
    return path(ByteString(word.bytes[(close + 1)...]), on: device, place)
  }

  private var commands: [ByteString] { CommandHelp.table.map { $0.name } }

  private func path(
    _ path: ByteString, on device: ByteString, _ place: CompletionPlace
  ) -> Completion {
    guard let slash = path.bytes.lastIndex(of: ASCII.slash) else {
      return path.isEmpty ? Completion(insertion: "/") : .nothing
    }
    let directory = MenuFile(device: device, path: ByteString(path.bytes[...slash]))
    let start = path.dropFirst(slash + 1)
    let found = environment.names(inDirectory: directory) {
      // Hidden names only once a dot was typed.
      $0.hasPrefix(start)
        && ($0.bytes.first != 0x2e || start.bytes.first == 0x2e && $0 != "." && $0 != "..")
    }
    guard let found else { return .nothing }
    if found.leftOutCount > 0 {
      // What all have in common is not known.
      return Completion(
        insertion: "",
        choices: Array(found.names.sorted().prefix(MenuLimits.completionChoiceCountMax)),
        furtherCount: found.names.count - MenuLimits.completionChoiceCountMax + found.leftOutCount)
    }
    return chosen(found.names, start, place) { name in
      let file = MenuFile(device: device, path: directory.path + name)
      return environment.kind(of: file) == .directory ? "/" : place.end
    }
  }

  /// Inserts what all names that begin with `start` have in common next; if there is only one, also
  /// what follows a whole name. Names that a terminal can't show are left out.
  private func chosen(
    _ names: [ByteString], _ start: ByteString, _ place: CompletionPlace,
    follower: (ByteString) -> ByteString
  ) -> Completion {
    var fitting = names.filter {
      $0.hasPrefix(start) && $0.bytes.allSatisfy { ASCII.isPrintable($0) }
    }
    fitting.sort { $0 < $1 }
    var unique: [ByteString] = []
    for name in fitting where unique.last != name { unique.append(name) }
    guard let first = unique.first, let last = unique.last else { return .nothing }
    if unique.count == 1 {
      return Completion(
        insertion: place.quoted(first.dropFirst(start.count)) + follower(first))
    }
    // Sorted: a prefix of the first and the last is one of all.
    let common = zip(first.bytes, last.bytes).prefix { $0 == $1 }.count
    let part = ByteString(first.bytes[..<common]).dropFirst(start.count)
    return Completion(
      insertion: place.quoted(part),
      choices: Array(unique.prefix(MenuLimits.completionChoiceCountMax)),
      furtherCount: max(0, unique.count - MenuLimits.completionChoiceCountMax))
  }
}
