// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// The menu on a terminal, as a state machine: key bytes go in, bytes for a VT100 come out, and now
/// and then a decision. It has no clock: the caller passes the time.
///
/// Choosing an entry leaves the screen as it is. The caller runs the entry and then boots, or opens
/// the submenu with `open`, or says why it failed with `report`.
public struct MenuScreen: Sendable {
  /// What a person or the countdown decided.
  public enum Decision: Equatable, Sendable {
    /// Run the entry with this index in `menu`.
    case choose(index: Int)
    /// The time is up: boot the default of the first menu.
    case timeout
    /// Open the command line.
    case commandLine
    /// Edit the commands of the entry with this index in `menu`.
    case edit(index: Int)
    /// Start the entry with this index with these commands in place of its own.
    case boot(index: Int, source: ByteString)
    /// Complete a word in the editor; the caller answers with `complete`.
    case complete(CompletionRequest)
    /// Ask for the menu's password.
    case unlock
    /// A password was typed, as `ask` wanted; the caller answers with `accept` or `refuse`.
    case password(PasswordAnswer)
  }

  /// What has happened.
  public enum Event: Equatable, Sendable {
    /// Bytes came from the terminal.
    case input([UInt8])
    /// No input, but time has passed.
    case tick
  }

  /// The result of one step.
  public struct Step: Equatable, Sendable {
    /// The bytes for the terminal.
    public var output: ByteString
    /// What was decided.
    public var decision: Decision?
  }

  /// One menu of the stack of open ones.
  struct Page: Sendable {
    var title: ByteString
    var menu: Menu
    /// The indices of the entries that are shown.
    var rows: [Int]
    /// The place of the selected entry in `rows`.
    var selected: Int
    /// The place of the first row on the screen.
    var top = 0
  }

  /// Where keys go.
  enum Mode: Sendable {
    /// To the list of entries.
    case menu
    /// To the password prompt.
    case prompt(PasswordPrompt)
    /// To the editor.
    case editor(EntryEditor)
  }

  static let nanosecondsPerSecond: UInt64 = 1_000_000_000

  /// The title bar's text.
  public let title: ByteString
  /// What is known of the terminal's size.
  public internal(set) var terminal: TerminalSizing
  var pages: [Page] = []
  var messages: [ByteString] = []
  var mode = Mode.menu
  /// How many wrong passwords came in a row.
  var wrongCount = 0
  /// How many times Tab was pressed in a row in the editor.
  var tabCount = 0
  private var keys = KeyDecoder()
  private var waitingInput: [UInt8] = []
  var painter = ScreenPainter()
  private var bootTime: UInt64?
  private var isHidden: Bool

  /// A screen with a menu whose default boots after a time; never if that is nil.
  public init(
    title: ByteString, menu: Menu, timeoutSeconds: Int?, now: UInt64,
    terminal: TerminalSizing = TerminalSizing()
  ) {
    self.title = title
    self.terminal = terminal
    isHidden = false
    if let seconds = timeoutSeconds, seconds >= 0 {
      let wait = UInt64(min(seconds, 1 << 30)) * MenuScreen.nanosecondsPerSecond
      bootTime = now &+ wait
      isHidden = menu.timeoutStyle != .menu
    }
    open(menu, title: "")
  }

  /// The menus that are open, the outermost first.
  public var menus: [Menu] { pages.map { $0.menu } }

  /// The menu that is shown.
  public var menu: Menu {
    pages.last?.menu ?? Menu(file: MenuFile(device: "", path: ""), format: .grub2)
  }

  /// How deep the current menu is; 0 for the first.
  public var depth: Int { max(pages.count - 1, 0) }

  /// When `step` should be called even without input, in nanoseconds.
  public func deadline(now: UInt64) -> UInt64? {
    var result = keys.deadline
    if let bootTime {
      let left = bootTime > now ? bootTime - now : 0
      let second = now &+ left % MenuScreen.nanosecondsPerSecond
      let next = second > now ? second : min(bootTime, now &+ MenuScreen.nanosecondsPerSecond)
      result = min(result ?? next, next)
    }
    if case .prompt(let prompt) = mode, let time = prompt.resumeTime {
      result = min(result ?? time, time)
    }
    return result
  }

  /// Handles an event at the time `now`, in nanoseconds.
  public mutating func step(_ event: Event, now: UInt64) -> Step {
    var decision: Decision?
    resumePrompt(now: now)
    var input = waitingInput
    waitingInput = []
    if case .input(let bytes) = event { input += bytes }
    for (index, byte) in input.enumerated() where decision == nil {
      if let key = keys.decode(byte, now: now) { decision = take(key) }
      // What was typed after a Tab waits for the completion.
      if case .complete? = decision { waitingInput = Array(input[(index + 1)...]) }
    }
    if decision == nil, let key = keys.expire(now: now) { decision = take(key) }
    if decision == nil, let bootTime, now >= bootTime {
      self.bootTime = nil
      decision = .timeout
    }
    var output = painter.paint(lines(now: now), cursor: cursor)
    // The decision may boot, and then the kernel would read the terminal's answer.
    if decision == nil { output += terminal.takeQuestion() }
    return Step(output: output, decision: decision)
  }

  /// Opens a submenu.
  public mutating func open(_ menu: Menu, title: ByteString) {
    let rows = menu.entries.indices.filter { !menu.entries[$0].isHidden }
    let chosen = menu.defaultSelection?.index ?? 0
    let selected = rows.firstIndex(of: chosen) ?? 0
    pages.append(Page(title: title, menu: menu, rows: rows, selected: selected))
    mode = .menu
    scroll()
  }

  /// Shows why something failed, at the bottom of the screen, and stops the countdown.
  public mutating func report(_ message: ByteString) {
    stopCountdown()
    // Of a longer one the start would not be seen anyway.
    messages.append(ByteString(message.bytes.suffix(MenuScreen.messageByteCountMax)))
    messages = Array(messages.suffix(MenuScreen.messageRowCountMax))
  }

  /// Makes the next step draw the whole screen, after something else has written on it.
  public mutating func redraw() { painter.forget() }

  /// Stops the countdown: the menu stays until somebody chooses.
  mutating func stopCountdown() {
    bootTime = nil
    isHidden = false
  }

  /// The bytes that hand the terminal to whoever comes next: attributes off, cursor shown, a blank
  /// screen.
  public mutating func leave() -> ByteString {
    painter.forget()
    return "\u{1b}[0m\u{1b}[?25h\u{1b}[2J\u{1b}[H"
  }

  /// The seconds until the default boots, rounded up; nil if there is no countdown.
  public func secondsLeft(now: UInt64) -> UInt64? {
    guard let bootTime else { return nil }
    let left = bootTime > now ? bootTime - now : 0
    let (seconds, rest) = left.quotientAndRemainder(dividingBy: MenuScreen.nanosecondsPerSecond)
    return rest > 0 ? seconds + 1 : seconds
  }

  /// Whether only the countdown is shown.
  var showsOnlyCountdown: Bool { isHidden && bootTime != nil }

  mutating func react(to key: Key) -> Decision? {
    switch mode {
    case .menu: return choose(by: key)
    case .prompt: return type(key)
    case .editor: return edit(by: key)
    }
  }

  private mutating func choose(by key: Key) -> Decision? {
    if bootTime != nil {
      bootTime = nil
      painter.forget()
      if isHidden {
        isHidden = false
        return nil
      }
    }
    guard let page = pages.last else { return nil }
    switch key {
    case .up, .control(0x70), .text(0x6b): move(to: page.selected - 1)
    case .down, .control(0x6e), .text(0x6a): move(to: page.selected + 1)
    case .pageUp, .control(0x62): move(to: page.selected - listRowCount)
    case .pageDown, .control(0x66): move(to: page.selected + listRowCount)
    case .home, .control(0x61), .text(0x67): move(to: 0)
    case .end, .control(0x65), .text(0x47): move(to: page.rows.count - 1)
    case .enter: return choose(page)
    case .right: return isSubmenu(page) ? choose(page) : nil
    case .escape, .left, .backspace: close()
    case .text(0x63): return .commandLine
    case .text(0x65): return chosenIndex(page).map { .edit(index: $0) }
    case .text(0x70): return hasUnlockKey ? .unlock : nil
    default: break
    }
    return nil
  }

  private func isSubmenu(_ page: Page) -> Bool {
    guard page.rows.indices.contains(page.selected) else { return false }
    return page.menu.entries[page.rows[page.selected]].kind == .submenu
  }

  private func choose(_ page: Page) -> Decision? {
    chosenIndex(page).map { .choose(index: $0) }
  }

  private func chosenIndex(_ page: Page) -> Int? {
    page.rows.indices.contains(page.selected) ? page.rows[page.selected] : nil
  }

  /// Whether the current menu has a password that GRUB legacy asks for at the key `p`.
  var hasUnlockKey: Bool { menu.format == .legacy && menu.lock(before: .unlock) != nil }

  /// Leaves some menus, the current one first, but never the outermost.
  public mutating func close(menuCount: Int = 1) {
    pages.removeLast(max(0, min(menuCount, pages.count - 1)))
    mode = .menu
  }

  private mutating func move(to place: Int) {
    guard let page = pages.last else { return }
    pages[pages.count - 1].selected = max(0, min(place, page.rows.count - 1))
    scroll()
  }

  /// Keeps the selected rows of all menus on the screen.
  func scrolled(_ page: Page) -> Page {
    var result = page
    // No blank rows below while entries are hidden above.
    result.top = min(page.top, max(0, page.rows.count - listRowCount))
    if page.selected < result.top { result.top = page.selected }
    if page.selected >= result.top + listRowCount {
      result.top = page.selected - listRowCount + 1
    }
    return result
  }

  private mutating func scroll() {
    guard let page = pages.last else { return }
    pages[pages.count - 1] = scrolled(page)
  }
}
