// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import BootSession
import Bytes
import Testing

/// Passwords in front of entries, the editor and the command line.
struct LockTests {
  private let locked = """
    set superusers="root"
    password root secret
    menuentry 'Open' --unrestricted { linux /open }
    menuentry 'Locked' { linux /locked }
    """

  private func text(_ lab: SessionLab) -> String {
    String(decoding: lab.screen.bytes, as: UTF8.self)
  }

  @Test func anOpenEntryNeedsNoPassword() throws {
    let lab = SessionLab()
    try lab.open(locked)
    lab.type("\r")
    #expect(lab.kernels == ["/open"])
  }

  @Test func theRightPasswordStartsTheEntry() throws {
    let lab = SessionLab()
    try lab.open(locked)
    lab.type("j\r")
    #expect(lab.kernels == [])
    lab.type("root\rsecret\r")
    lab.wait(seconds: 1)
    #expect(lab.kernels == ["/locked"])
  }

  @Test func aWrongPasswordStartsNothing() throws {
    let lab = SessionLab()
    try lab.open(locked)
    lab.type("j\r")
    lab.type("root\rguess\r")
    lab.wait(seconds: 5)
    #expect(lab.kernels == [])
    lab.type("root\rsecret\r")
    lab.wait(seconds: 1)
    #expect(lab.kernels == ["/locked"])
  }

  @Test func aPasswordThatWasGivenOpensTheCommandLineToo() throws {
    let lab = SessionLab()
    try lab.open(locked)
    lab.type("c")
    lab.type("root\rsecret\r")
    lab.wait(seconds: 1)
    lab.type("linux /typed\rboot\r")
    #expect(lab.kernels == ["/typed"])
  }

  @Test func keysTypedWhileAPasswordIsComparedAreNotLost() throws {
    let lab = SessionLab()
    try lab.open(locked)
    lab.type("c")
    for text in ["root\r", "secret\r", "linux /typed\rboot\r"] {
      lab.step(.input(Array(text.utf8)))
    }
    // No key comes any more, and a tick only when the session wants one.
    for _ in 0..<100_000 {
      guard lab.kernels == [], let deadline = lab.session.deadline(now: lab.now),
        deadline <= lab.now
      else { break }
      lab.step(.tick)
    }
    #expect(lab.kernels == ["/typed"])
  }

  @Test func aLockedDefaultIsAskedForWhenItsTimeIsOver() throws {
    let lab = SessionLab()
    try lab.open("set timeout=1\nset default=1\n" + locked)
    lab.wait(seconds: 2)
    #expect(lab.kernels == [])
    #expect(text(lab).contains("password"))
    lab.type("root\rsecret\r")
    lab.wait(seconds: 1)
    #expect(lab.kernels == ["/locked"])
  }

  @Test func theHostsChoiceOpensNoLock() throws {
    let lab = SessionLab("entry=Locked timeout=0")
    try lab.open(locked)
    #expect(lab.kernels == ["/open"], "the menu's own default comes next")
  }
}
