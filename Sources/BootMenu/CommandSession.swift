// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Commands typed by a person, one line after another: the language of GRUB 2, with what was set
/// and loaded before.
public struct CommandSession<Environment: MenuEnvironment> {
  /// What a line gave.
  public struct Reply: Sendable {
    /// What is to be printed, with line feeds alone.
    public var output: ByteString
    /// What the line asked for.
    public var outcome: EntryOutcome?
  }

  /// What `help` prints.
  public static var help: ByteString {
    """
    ls [DEVICE or PATH]        devices, or the names in a directory
    cat FILE                   the contents of a file
    set [NAME=VALUE]           variables; set root=DEVICE chooses the disk
    search --fs-uuid|--label|--file NAME --set=VARIABLE
    linux FILE [ARGUMENTS]     the kernel and its command line
    initrd FILE...             its initial ramdisks
    boot                       starts it
    configfile FILE            opens the menu in a file
    reboot, halt               end the domain
    A file is named /PATH or (DEVICE)/PATH, as in (hd0,gpt2)/boot/vmlinuz.

    """
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
  }

  /// Runs a line.
  public mutating func run(_ line: ByteString) -> Reply {
    if line.trimmed == "help" { return Reply(output: CommandSession.help, outcome: nil) }
    evaluator.menu.output = ""
    evaluator.menu.warnings = []
    evaluator.menu.entries = []
    evaluator.outcome = nil
    evaluator.failure = nil
    evaluator.loader.isBootRequested = false
    evaluator.stepsLeft = MenuLimits.stepCountMax
    evaluator.depth = 0
    evaluator.entryByteCount = 0
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
