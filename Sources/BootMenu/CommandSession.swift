// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Commands typed by a person, one line after another: the language of GRUB 2, with what was set
/// and loaded before.
public struct CommandSession<Environment: RescueEnvironment> {
  /// What a line gave.
  public struct Reply: Sendable {
    /// What is to be printed, with line feeds alone.
    public var output: ByteString
    /// What the line asked for.
    public var outcome: EntryOutcome?
  }

  private var evaluator: ScriptEvaluator<Environment>

  /// A session that starts with what a menu knows; without a menu with a root device.
  public init(environment: Environment, menu: Menu?, root: ByteString = "") {
    let file = menu?.file ?? MenuFile(device: root, path: "/boot/grub/grub.cfg")
    var empty = Menu(file: MenuFile(device: "", path: "command line"), format: .grub2)
    empty.depth = menu?.depth ?? 0
    empty.passwords = menu?.passwords ?? []
    let isScript = menu?.format == .grub2
    let context = isScript ? menu?.context : nil
    evaluator = ScriptEvaluator(
      environment: environment,
      context: context ?? ScriptContext(file: file, root: menu?.root ?? root), menu: empty)
    evaluator.typedCommands = { $0.performTyped($1) }
  }

  /// What Tab does. The lines before are run for the root device that they choose.
  public func completion(_ request: CompletionRequest) -> Completion {
    var other = self
    other.evaluator.typedCommands = nil  // It is a script's from the disk.
    if !request.before.isEmpty { _ = other.run(request.before) }
    let text = ByteString(request.line.bytes.prefix(max(0, request.cursor)))
    return Completer(environment: evaluator.environment, root: other.evaluator.root)
      .completion(of: text)
  }

  /// Runs a line.
  public mutating func run(_ line: ByteString) -> Reply {
    evaluator.menu.output = ""
    evaluator.menu.warnings = []
    evaluator.menu.entries = []
    evaluator.outcome = nil
    evaluator.failure = nil
    evaluator.loader.isBootRequested = false
    evaluator.stepsLeft = MenuLimits.stepCountMax
    evaluator.depth = 0
    evaluator.entryByteCount = 0
    evaluator.textByteCount = 0
    evaluator.work = MenuWork(evaluator.environment.work)
    _ = evaluator.run(line, named: "command line")
    var output = evaluator.menu.output
    for warning in evaluator.menu.warnings { output += CommandSession.told(warning) }
    if let failure = evaluator.failure { output += failure.message + "\n" }
    var outcome = evaluator.outcome
    if evaluator.loader.isBootRequested {
      do throws(MenuError) {
        outcome = .boot(try evaluator.loader.target(title: "command line"))
      } catch {
        output += error.message + "\n"
      }
    }
    return Reply(output: output, outcome: outcome)
  }

  private static func told(_ warning: MenuWarning) -> ByteString {
    switch warning.kind {
    case .unknownCommand(let name): "unknown command \(name)\n"
    case .syntax(let what), .failed(let what): what + "\n"
    }
  }
}
