// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import BootSession
import Bytes
import Testing

/// The command line, and the ways between it and the menu.
struct ShellTests {
  private let two = """
    menuentry 'One' { linux /one }
    menuentry 'Two' { linux /two }
    """
  private let escape = "\u{1b}"

  private func text(_ lab: SessionLab) -> String {
    String(decoding: lab.screen.bytes, as: UTF8.self)
  }

  @Test func withoutAMenuThereIsACommandLine() {
    let lab = SessionLab()
    lab.step(.found(nil))
    #expect(lab.lines.first == "Type 'help' for the commands.")
    lab.type("linux /vmlinuz a=b\rboot\r")
    #expect(lab.kernels == ["/vmlinuz"])
    #expect(lab.titles == [[]])
  }

  @Test func withoutAMenuAndAPersonTheDomainEnds() {
    let lab = SessionLab("onfail=reboot:30")
    lab.step(.found(nil))
    lab.wait(seconds: 31)
    #expect(lab.end == .reboot)
  }

  @Test func aFailureAtTheCommandLineShowsThePromptAgain() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type("linux /vmlinuz\rboot\r")
    lab.fail("broken")
    #expect(lab.lines.last == "broken")
    #expect(text(lab).hasSuffix("pvgrub> \u{1b}[K"))
    lab.type("boot\r")
    #expect(lab.kernels == ["/vmlinuz", "/vmlinuz"])
  }

  @Test func whatWasTypedBehindABootRunsWhenItFailed() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type("linux /a\rboot\rlinux /b\rboot\r")
    #expect(lab.kernels == ["/a"])
    lab.fail()
    lab.wait(seconds: 1)
    #expect(lab.kernels == ["/a", "/b"])
  }

  @Test func theEndOfALineIsShownBeforeItRuns() {
    let lab = SessionLab()
    lab.step(.found(nil))
    let first = lab.step(.input(Array("echo a\recho b\r".utf8)))
    guard case .write(let bytes)? = first.last else {
      Issue.record("nothing was shown")
      return
    }
    #expect(bytes.bytes.suffix(2) == [0x0d, 0x0a])
    #expect(!first.contains(.write("a\n")))
    #expect(lab.session.deadline(now: lab.now) == lab.now, "it runs at once")
    #expect(lab.step(.tick).contains(.write("a\n")))
  }

  @Test func eachLineOfManyIsShownBeforeTheNextRuns() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.step(.input(Array("echo a\recho b\r".utf8)))
    var outputs: [[SessionEffect]] = []
    for _ in 0..<4 { outputs.append(lab.step(.tick)) }
    for effects in outputs {
      #expect(!(effects.contains(.write("a\n")) && effects.contains(.write("b\n"))))
    }
    #expect(outputs.contains { $0.contains(.write("b\n")) })
  }

  @Test func escapeGoesBackToTheMenu() throws {
    let lab = SessionLab()
    try lab.open(two)
    lab.type("c")
    lab.type("set root=hd1\r")
    lab.type(escape)
    lab.wait(seconds: 1)
    lab.type("\r")
    #expect(lab.kernels == ["/one"])
  }

  @Test func escapeGoesNowhereWhereThereIsNoMenu() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type(escape)
    lab.wait(seconds: 1)
    lab.type("linux /a\rboot\r")
    #expect(lab.kernels == ["/a"])
  }

  @Test func goingBackAndForthAThousandTimesTakesNoStack() throws {
    let lab = SessionLab()
    try lab.open(two)
    for _ in 0..<1000 {
      lab.type("c")
      lab.type(escape)
      lab.wait(seconds: 1)
    }
    lab.type("j\r")
    #expect(lab.kernels == ["/two"])
  }

  @Test func aLineMayOpenAnotherMenuInPlaceOfTheFirst() throws {
    let lab = SessionLab(files: [("(hd0,msdos1)/other.cfg", "menuentry 'Other' { linux /other }")])
    try lab.open(two)
    lab.type("c")
    lab.type("configfile (hd0,msdos1)/other.cfg\r")
    lab.type("\r")
    #expect(lab.kernels == ["/other"])
    #expect(lab.titles == [["Other"]])
  }

  @Test func tabCompletesACommand() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type("configf\t")
    #expect(text(lab).contains("configfile"))
  }

  @Test func theCommandLineEndsTheDomainWhenItIsToldTo() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type("halt\r")
    #expect(lab.end == .powerOff)
    let other = SessionLab()
    other.step(.found(nil))
    other.type("reboot\r")
    #expect(other.end == .reboot)
  }

  @Test func aLineOfTheToolstackLeavesThePromptAsItWas() {
    let lab = SessionLab()
    lab.step(.found(nil))
    lab.type("linux /a")
    let effects = lab.step(.toolstackSaid("something"))
    #expect(effects.count == 3)
    #expect(effects[0] == .write("\r\u{1b}[K"))
    #expect(effects[1] == .say("something"))
    #expect(effects[2] == .write("\rpvgrub> linux /a\u{1b}[K"))
  }
}
