// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen

/// The command line.
extension Session {
  /// Brings the command line to the front: with what `menu` has set, and Escape back to it, or with
  /// nothing before it.
  func openShell(_ menu: Menu?) {
    let shell = Shell(
      editor: CommandLine(prompt: "pvgrub> ", terminal: terminal),
      commands: CommandSession(environment: environment, menu: menu, root: menu == nil ? root : ""),
      hasMenu: menu != nil)
    self.shell = shell
    write(shell.editor.shown())
  }

  /// One step of the command line: runs the line that was ended in the step before, or takes keys.
  /// What is left of `input` comes back: all of it, or the bytes behind an Enter or a Tab.
  func stepShell(_ input: [UInt8]) -> [UInt8] {
    guard let shell else { return [] }
    if let line = shell.line {
      shell.line = nil
      // A person can end a command.
      environment.work.renew(
        limit: .max, reserveByteCount: WorkLimits.searchReserveByteCount)
      let reply = shell.commands.run(line)
      write(TerminalText.harmless(reply.output))
      perform(reply.outcome)
      return input
    }
    var rest: [UInt8] = []
    let step = shell.editor.step(input, now: now, rest: &rest)
    write(step.output)
    terminal = shell.editor.terminal
    if let line = step.line {
      shell.line = line
    } else if let request = step.completion {
      beginAttempt()
      write(shell.editor.complete(shell.commands.completion(request)))
    } else if step.isLeft, shell.hasMenu {
      leaveShell()
    }
    return rest
  }

  private func leaveShell() {
    shell = nil
    screen?.adopt(terminal)
    screen?.redraw()
    drawMenu()
  }

  /// Does what a line asked for, and shows the prompt again if the command line stays in front.
  private func perform(_ outcome: EntryOutcome?) {
    switch outcome {
    case .boot(let target):
      return boot(PendingBoot(target, title: nil, titles: []))
    case .menu(let menu): return open(menu)
    case .reboot: return end(.reboot)
    case .halt: return end(.powerOff)
    case .close, .exit, nil: break
    }
    if let shell { write(shell.editor.shown()) }
  }
}
