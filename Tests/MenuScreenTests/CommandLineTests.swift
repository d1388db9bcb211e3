// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import Testing

@Suite struct CommandLineTests {
  private func edited(_ keys: String) -> (line: String?, shown: String) {
    var editor = CommandLine(prompt: "> ")
    var terminal = VirtualTerminal()
    terminal.write(editor.shown())
    var rest: [UInt8] = []
    let step = editor.step(Array(keys.utf8), now: 0, rest: &rest)
    terminal.write(step.output)
    #expect(terminal.misunderstood == [])
    return (step.line?.text, terminal.lines[0])
  }

  @Test func linesAreTypedAndEnded() {
    #expect(edited("ls /boot\r") == ("ls /boot", "> ls /boot"))
    #expect(edited("ls") == (nil, "> ls"))
  }

  @Test func mistakesCanBeMended() {
    #expect(edited("lx\u{7f}s\r").line == "ls")
    #expect(edited("lx\u{8}s\r").line == "ls")
    #expect(edited("junk\u{15}ls\r").line == "ls")
    #expect(edited("s\u{1}l\u{5} x\r").line == "ls x")
    #expect(edited("ab\u{1b}[D\u{1b}[Dx\u{1b}[Cy\u{1b}[H\u{1b}[3~\r").line == "ayb")
    #expect(edited("abc\u{2}\u{b}\u{1}\u{19}\r").line == "cab")
    #expect(edited("\u{7f}\u{1b}[D\u{1b}[C\u{1b}[3~\r").line == "")
  }

  @Test func formerLinesComeBack() {
    var editor = CommandLine(prompt: "> ")
    var rest: [UInt8] = []
    #expect(editor.step(Array("one\rtwo\r".utf8), now: 0, rest: &rest).line == "one")
    #expect(rest == Array("two\r".utf8))
    #expect(editor.step(rest, now: 0, rest: &rest).line == "two")
    #expect(editor.step(Array("\u{1b}[A\u{1b}[A\r".utf8), now: 0, rest: &rest).line == "one")
    #expect(editor.step(Array("\u{1b}[A\u{1b}[B\r".utf8), now: 0, rest: &rest).line == "")
  }

  @Test func longLinesScrollSideways() {
    let long = String(repeating: "a", count: 100) + "z"
    let (line, shown) = edited(long)
    #expect(line == nil)
    #expect(shown == "> " + String(repeating: "a", count: 75) + "z")
    #expect(
      edited(String(repeating: "b", count: 2000) + "\r").line?.count == CommandLine.lineByteCountMax
    )
  }

  @Test func aLoneEscapeLeaves() {
    var editor = CommandLine(prompt: "> ")
    var rest: [UInt8] = []
    #expect(!editor.step([0x1b], now: 0, rest: &rest).isLeft)
    #expect(editor.deadline == KeyDecoder.escapeNanoseconds)
    #expect(editor.step([], now: KeyDecoder.escapeNanoseconds, rest: &rest).isLeft)
  }

  @Test func controlCDropsTheLine() {
    #expect(edited("linux\u{3}ls\r").line == "ls")
  }

  @Test func tabCompletesAndASecondOneLists() {
    var editor = CommandLine(prompt: "> ")
    var rest: [UInt8] = []
    _ = editor.step(Array("\u{1b}[24;40R".utf8), now: 0, rest: &rest)
    var step = editor.step(Array("ls /b x\u{1b}[D\u{1b}[D\tmore".utf8), now: 0, rest: &rest)
    #expect(step.completion == CompletionRequest(line: "ls /b x", cursor: 5))
    #expect(rest == Array("more".utf8))
    var terminal = VirtualTerminal()
    terminal.write(step.output)
    terminal.write(editor.complete(Completion(insertion: "oot/")))
    #expect(terminal.lines[0] == "> ls /boot/ x")
    #expect(terminal.column == 11)
    let choices = (0..<8).map { ByteString("name-\($0)") }
    step = editor.step([0x09], now: 0, rest: &rest)
    #expect(step.completion?.cursor == 9)
    #expect(editor.complete(Completion(insertion: "", choices: choices)) == "")
    _ = editor.step([0x09], now: 0, rest: &rest)
    terminal.write(editor.complete(Completion(insertion: "", choices: choices)))
    #expect(
      terminal.lines[..<4] == [
        "> ls /boot/ x", "name-0  name-1  name-2  name-3  name-4", "name-5  name-6  name-7",
        "> ls /boot/ x",
      ])
    #expect(terminal.misunderstood == [])
    #expect(editor.complete(.nothing) == "")
  }

  @Test func aLineThatIsFullTakesNoCompletion() {
    var editor = CommandLine(prompt: "> ")
    var rest: [UInt8] = []
    let long = [UInt8](repeating: 0x61, count: CommandLine.lineByteCountMax)
    _ = editor.step(long + [0x09], now: 0, rest: &rest)
    #expect(editor.complete(Completion(insertion: "b")) == "")
  }
}
