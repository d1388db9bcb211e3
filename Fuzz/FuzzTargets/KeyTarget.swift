// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
public import Bytes
import Framebuffer
import MenuScreen

/// What comes from a terminal, in chunks: the first byte's bits say which screen, the next one is
/// the length of the chunks. What the screen writes goes to a terminal of cells.
final class KeyTarget: FuzzTarget {
  let name = "keys"
  let byteCountMax = 1024
  // There is no account: what is done is bounded by other things.
  let freeMilliseconds: UInt64 = 50
  private static let menuText: ByteString = """
    set superusers=root
    password root secret
    menuentry 'First system' --unrestricted { linux /a; }
    menuentry Second --users root { linux /b; }
    submenu Third { menuentry 'The long title of an entry, ä and ü' { linux /c; } }
    """
  private let menu: Menu?

  init() {
    let world = MirrorWorld(text: Self.menuText, work: WorkAccount())
    menu = try? MenuInterpreter(environment: world).menu(
      Self.menuText, file: MenuFile(device: "hd0", path: "/grub.cfg"), format: .grub2)
  }

  func seeds() -> [[UInt8]] {
    let texts = [
      "\u{1b}[B\u{1b}[B\re\u{1b}[Fhello\u{18}", "cset a=b\r\t\u{1b}[A\u{1b}[A\u{3}\u{1b}",
      "e\u{b}\u{b}\u{19}\u{19}\u{1b}[5~\u{1b}[6~\u{7f}\u{1b}[3~\t\t\u{1b}OQ\u{1b}[21~",
      "\u{1b}[24;80R\u{1b}[999;999R\u{1b}[0;0R", "psecret\rroot\rsecret\r\u{1b}\u{1b}\u{1b}",
      "eä\u{1b}[Dü\u{1b}[Hö日本\r\r\u{1}\u{5}\u{15}",
    ]
    return texts.flatMap { text in [0, 1, 2].map { [$0, 3] + Array(text.utf8) } }
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    guard input.count > 2, let menu else { return }
    let kind = input[input.startIndex]
    let count = Int(input[input.startIndex + 1] % 32) + 1
    var chunks: [[UInt8]] = []
    var rest = input.dropFirst(2)
    while !rest.isEmpty {
      chunks.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    if kind & 1 == 0 { show(menu, chunks, edits: kind & 2 != 0) } else { type(chunks) }
  }

  private func show(_ menu: Menu, _ chunks: [[UInt8]], edits: Bool) {
    var screen = MenuScreen(title: "pvgrub", menu: menu, timeoutSeconds: 5, now: 0)
    var terminal = TerminalScreen(columnCount: 80, rowCount: 24)
    if edits { screen.edit(index: 0) }
    var now: UInt64 = 0
    for chunk in chunks {
      let step = screen.step(.input(chunk), now: now)
      terminal.write(step.output.bytes)
      now += 300_000_000
      switch step.decision {
      case .complete: screen.complete(Completion(insertion: "linux ", choices: ["a", "b", "c"]))
      case .edit(let index): screen.edit(index: index)
      case .unlock: screen.ask(for: .unlock, asksForUser: true)
      case .password(let answer) where answer.password == "secret": screen.accept()
      case .password: screen.refuse(now: now)
      case .some: screen.report("not this one: a long message that goes over the end of a line")
      case nil: break
      }
      terminal.write(screen.step(.tick, now: now).output.bytes)
    }
    terminal.write(screen.leave().bytes)
  }

  private func type(_ chunks: [[UInt8]]) {
    var line = CommandLine(prompt: "> ")
    var terminal = TerminalScreen(columnCount: 80, rowCount: 24)
    var now: UInt64 = 0
    for chunk in chunks {
      var input = chunk
      var turns = 0
      repeat {
        var rest: [UInt8] = []
        let step = line.step(input, now: now, rest: &rest)
        terminal.write(step.output.bytes)
        if step.completion != nil {
          let completion = Completion(insertion: "x", choices: ["x", "y"])
          terminal.write(line.complete(completion).bytes)
        }
        if rest.count >= input.count, !input.isEmpty { fatalError("keys that are not taken") }
        input = rest
        turns += 1
      } while !input.isEmpty && turns < 64
      now += 300_000_000
      terminal.write(line.shown().bytes)
    }
  }
}
