// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// A line editor on a terminal, as a state machine: key bytes go in, bytes for a VT100 come out,
/// and now and then a finished line.
public struct CommandLine: Sendable {
  /// The longest line in bytes.
  public static let lineByteCountMax = 1024
  /// How many earlier lines are kept.
  static let historyCountMax = 32

  /// The result of one step.
  public struct Step: Equatable, Sendable {
    /// The bytes for the terminal.
    public var output: ByteString
    /// The line, when Enter ended it.
    public var line: ByteString?
    /// Whether Escape left the command line.
    public var isLeft = false
    /// Where Tab was pressed; the caller answers with `complete`.
    public var completion: CompletionRequest?
  }

  private let prompt: ByteString
  /// What is known of the terminal's size.
  public private(set) var terminal: TerminalSizing
  private var keys = KeyDecoder()
  private var text: [UInt8] = []
  private var cursor = 0
  private var cut: [UInt8] = []
  private var history: [[UInt8]] = []
  private var historyPlace = 0
  /// How many times Tab was pressed in a row.
  private var tabCount = 0

  /// An editor with a prompt on a terminal.
  public init(prompt: ByteString, terminal: TerminalSizing = TerminalSizing()) {
    self.prompt = prompt
    self.terminal = terminal
  }

  private var columnCount: Int { max(terminal.size.columnCount, prompt.count + 8) }

  /// When `step` should be called even without input, in nanoseconds.
  public var deadline: UInt64? { keys.deadline }

  /// The bytes that show the prompt and the line, from the start of a row.
  public func shown() -> ByteString {
    let width = columnCount - prompt.count - 1
    let start = cursor < width ? 0 : cursor - width + 1
    let visible = text[start..<min(start + width, text.count)]
    var output: ByteString = "\r\(prompt)\(ByteString(visible))\u{1b}[K"
    let back = visible.count - (cursor - start)
    if back > 0 { output += "\u{1b}[\(back)D" }
    return output
  }

  /// Handles bytes from the terminal, or none if only time has passed. Bytes after an Enter or a
  /// Tab are returned in `rest`.
  public mutating func step(_ input: [UInt8], now: UInt64, rest: inout [UInt8]) -> Step {
    var step = Step(output: "")
    var isChanged = false
    rest = []
    for (index, byte) in input.enumerated() {
      guard let key = keys.decode(byte, now: now) else { continue }
      if case .size(let size) = key {
        if terminal.take(size) { isChanged = true }
        continue
      }
      terminal.takeKey()
      if key == .enter {
        step.line = finish()
        step.output = (isChanged ? shown(step.line) : "") + "\r\n"
        rest = Array(input[(index + 1)...])
        return step
      }
      if key == .tab {
        tabCount += 1
        step.completion = CompletionRequest(line: ByteString(text), cursor: cursor)
        step.output = isChanged ? shown() : ""
        rest = Array(input[(index + 1)...])
        return step
      }
      tabCount = 0
      if key == .escape { step.isLeft = true }
      if key == .control(0x6c) {
        step.output = "\u{1b}[2J\u{1b}[H"
        terminal.askAgain()
      }
      edit(key)
      isChanged = true
    }
    if let key = keys.expire(now: now), key == .escape { step.isLeft = true }
    if isChanged { step.output += shown() }
    // The line may boot, and then its kernel would read the terminal's answer.
    if !step.isLeft { step.output += terminal.takeQuestion() }
    return step
  }

  /// Inserts a completion, and returns the bytes that show it. A second Tab in a row lists the
  /// choices.
  public mutating func complete(_ completion: Completion) -> ByteString {
    if !completion.insertion.isEmpty {
      guard text.count + completion.insertion.count <= CommandLine.lineByteCountMax else {
        return ""
      }
      text.insert(contentsOf: completion.insertion.bytes, at: cursor)
      cursor += completion.insertion.count
      tabCount = 0
      return shown()
    }
    guard completion.choices.count > 1, tabCount > 1 else { return "" }
    var output: ByteString = "\r\n"
    for row in MessageLines.wrap(completion.list, width: columnCount - 1) { output += row + "\r\n" }
    return output + shown()
  }

  private func shown(_ line: ByteString?) -> ByteString {
    var other = self
    other.text = line?.bytes ?? []
    other.cursor = other.text.count
    return other.shown()
  }

  private mutating func finish() -> ByteString {
    let line = ByteString(text)
    if !text.isEmpty, history.last != text {
      history.append(text)
      if history.count > CommandLine.historyCountMax { history.removeFirst() }
    }
    historyPlace = history.count
    tabCount = 0
    text = []
    cursor = 0
    return line
  }

  private mutating func edit(_ key: Key) {
    switch key {
    case .text(let byte) where ASCII.isPrintable(byte):
      guard text.count < CommandLine.lineByteCountMax else { return }
      text.insert(byte, at: cursor)
      cursor += 1
    case .backspace, .control(0x68):
      guard cursor > 0 else { return }
      cursor -= 1
      text.remove(at: cursor)
    case .delete, .control(0x64): if cursor < text.count { text.remove(at: cursor) }
    case .left, .control(0x62): cursor = max(cursor - 1, 0)
    case .right, .control(0x66): cursor = min(cursor + 1, text.count)
    case .home, .control(0x61): cursor = 0
    case .end, .control(0x65): cursor = text.count
    case .control(0x63):
      text = []
      cursor = 0
    case .control(0x75):
      cut = Array(text[..<cursor])
      text.removeFirst(cursor)
      cursor = 0
    case .control(0x6b):
      cut = Array(text[cursor...])
      text.removeLast(text.count - cursor)
    case .control(0x79):
      guard text.count + cut.count <= CommandLine.lineByteCountMax else { return }
      text.insert(contentsOf: cut, at: cursor)
      cursor += cut.count
    case .up, .control(0x70): recall(historyPlace - 1)
    case .down, .control(0x6e): recall(historyPlace + 1)
    default: break
    }
  }

  private mutating func recall(_ place: Int) {
    guard place >= 0, place <= history.count else { return }
    historyPlace = place
    text = place < history.count ? history[place] : []
    cursor = text.count
  }
}
