// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import BootPlan
public import Bytes
public import MenuScreen

/// Everything between the search for a menu and a boot, as one state machine: menu, command line,
/// passwords, countdown, the order of unattended attempts, what follows a failure. Events go in,
/// effects come out. It knows no clock and does no input or output, but what the commands of a menu
/// ask of the environment.
///
/// The menu and the command line are two sides of it: however often a person goes from one to the
/// other, nothing nests.
public final class Session<Environment: RescueEnvironment> {
  let environment: Environment
  let options: HostOptions
  /// What is written on the terminal's title bar.
  let title: ByteString
  /// The device of a command line that has no menu.
  let root: ByteString
  /// What is known of the terminal's size.
  var terminal: TerminalSizing

  /// The menu; nil if the command line is all there is.
  var screen: MenuScreen?
  /// The command line, while it is in front.
  var shell: Shell<Environment>?
  /// The passwords that were given for the shown menus.
  var given = GivenPasswords()
  /// A password that is being compared, a little at each step.
  var trial: RunningTrial?
  /// What was typed behind a line of the command line, or while a password was compared.
  var waitingInput: [UInt8] = []
  /// What is tried without a person; nil when nothing is.
  var unattended: UnattendedBoot?
  /// What was last asked to be booted, until it has failed.
  var pending: PendingBoot?
  /// The titles of the menus that are open inside of the first.
  var openTitles: [ByteString] = []
  /// When the domain ends because nothing boots, in nanoseconds; nil while something may, or a
  /// person is there.
  var endTime: UInt64?
  /// Set when the session has asked for the domain's end.
  private var hasEnded = false

  /// Bytes that are kept of what was typed and not yet used.
  private static var waitingByteCountMax: Int { 4096 }

  /// The time of the present step.
  var now: UInt64 = 0
  /// The effects of the present step.
  var effects: [SessionEffect] = []

  /// A session with the host's options. `title` is for the menu's first row; without a menu, paths
  /// without a device are on `root`.
  public init(
    environment: Environment, options: HostOptions, title: ByteString, root: ByteString,
    terminal: TerminalSizing = TerminalSizing()
  ) {
    self.environment = environment
    self.options = options
    self.title = title
    self.root = root
    self.terminal = terminal
  }

  /// Whether the terminal still owes an answer about its size: it is not for the kernel's login.
  public var isTerminalAnswerDue: Bool { terminal.isAnswerDue }

  /// When `step` should be called although nothing came in, in nanoseconds; nil if only input
  /// matters.
  public func deadline(now: UInt64) -> UInt64? {
    // What was typed behind a line waits until that line's output is on the screen.
    if trial != nil || shell?.line != nil || !waitingInput.isEmpty { return now }
    let front = shell != nil ? shell?.editor.deadline : screen?.deadline(now: now)
    guard let endTime else { return front }
    return min(front ?? .max, endTime)
  }

  /// Reacts to an event at the time `now`, in nanoseconds. After `end` nothing comes out any more.
  public func step(_ event: SessionEvent, now: UInt64) -> [SessionEffect] {
    guard !hasEnded else { return [] }
    self.now = now
    switch event {
    case .found(let menu): start(menu)
    case .bootFailed(let report): takeFailure(report)
    case .toolstackSaid(let line): sayBesideScreen(line)
    case .input(let bytes):
      // Somebody is there.
      endTime = nil
      takeInput(bytes)
    case .tick: takeInput([])
    }
    endIfUnattended()
    defer { effects = [] }
    if case .end? = effects.last { hasEnded = true }
    return effects
  }

  private func start(_ menu: Menu?) {
    if let menu { return open(menu) }
    say("Type 'help' for the commands.")
    if let line = endUnlessAttended() { say("pvgrub-swift: \(line)") }
    openShell(nil)
  }

  // MARK: Effects

  func write(_ bytes: ByteString) { if !bytes.isEmpty { effects.append(.write(bytes)) } }

  func say(_ line: ByteString) { effects.append(.say(line)) }

  func end(_ how: DomainEnd) { effects.append(.end(how)) }

  /// Whether this step asks for a boot or the end, so that nothing may follow.
  var isLeaving: Bool {
    switch effects.last {
    case .boot?, .end?: true
    default: false
    }
  }

  /// A line that comes while somebody looks at the menu or types a command.
  private func sayBesideScreen(_ line: ByteString) {
    // Erases the row that the cursor is in, and goes to its start (ECMA-48).
    if shell != nil { write("\r\u{1b}[K") }
    say(line)
    if let shell {
      // Else the line's output comes before the prompt.
      if shell.line == nil { write(shell.editor.shown()) }
    } else {
      screen?.redraw()
      takeInput([])
    }
  }

  private func takeInput(_ bytes: [UInt8]) {
    guard pending == nil else { return }
    let input = waitingInput + bytes.prefix(Self.waitingByteCountMax - waitingInput.count)
    waitingInput = []
    if trial != nil {
      waitingInput = input
      continueTrial()
    } else if shell != nil {
      waitingInput = stepShell(input)
    } else {
      stepMenu(input)
    }
  }

  // MARK: Nobody is there

  /// Lets the domain end after a time, as the host has it, unless a key comes.
  func endUnlessAttended() -> ByteString? {
    guard let how = options.onFailure.name else { return nil }
    let seconds = options.failureWaitSeconds
    endTime = now + UInt64(seconds) * 1_000_000_000
    return "nothing boots; without a key the domain ends in \(seconds) s (\(how))"
  }

  private func endIfUnattended() {
    guard let endTime, now >= endTime, !isLeaving else { return }
    say("pvgrub-swift: no entry booted and no key was pressed; shutting down")
    switch options.onFailure {
    case .crash, .next, .wait: end(.crash)
    case .powerOff: end(.powerOff)
    case .reboot: end(.reboot)
    }
  }
}
