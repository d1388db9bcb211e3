// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen
import MiniOS
import XenFrontends

extension Loader {
  /// The command line without a menu: it has nowhere else to go.
  func runShell() -> Never {
    say("Type 'help' for the commands.")
    if let line = endUnlessAttended() { say("pvgrub-swift: \(line)") }
    while true { runShell(nil) }
  }

  /// The command line, until Escape goes back to the menu.
  func runShell(_ menu: Menu?) {
    let root = environment.disks.mounted.first.map { environment.disks.name(of: $0) } ?? ""
    environment.machine = self
    typedAhead = []
    var session = CommandSession(environment: environment, menu: menu, root: root)
    var editor = CommandLine(prompt: "pvgrub> ", terminal: terminal)
    console.write(editor.shown().bytes)
    var input: [UInt8] = []
    while true {
      var rest: [UInt8] = []
      let step = editor.step(input, now: hypervisor.now, rest: &rest)
      console.write(step.output.bytes)
      terminal = editor.terminal
      if let line = step.line {
        run(line, in: &session)
        console.write(editor.shown().bytes)
      } else if let request = step.completion {
        console.write(editor.complete(session.completion(request)).bytes)
      } else if step.isLeft, menu != nil {
        return
      }
      input = rest
      if input.isEmpty { swap(&input, &typedAhead) }
      if input.isEmpty, case .input(let bytes) = waitAtPrompt(until: editor.deadline) {
        input = bytes
      }
      if isScreenSpoiled { console.write(editor.shown().bytes) }
      isScreenSpoiled = false
    }
  }

  private func waitAtPrompt(until deadline: UInt64?) -> MenuScreen.Event {
    isAtPrompt = true
    defer { isAtPrompt = false }
    return waitForInput(until: deadline)
  }

  private func run(
    _ line: ByteString, in session: inout CommandSession<GuestEnvironment<CachedDisk>>
  ) {
    let reply = session.run(line)
    console.write(TerminalText.harmless(reply.output).bytes)
    switch reply.outcome {
    case .boot(let target):
      do throws(BootError) {
        try boot(target)
      } catch { say(error.message) }
    case .menu(let menu): runMenu(menu)
    case .reboot: end { StubDomain.reboot() }
    case .halt: end { StubDomain.powerOff() }
    case .close, .exit, nil: break
    }
  }
}
