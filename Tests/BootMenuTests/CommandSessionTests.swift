// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct CommandSessionTests {
  @Test func aGuestIsBootedByHand() throws {
    let environment = FakeEnvironment(
      devices: [.init(name: "hd0"), .init(name: "hd0,gpt1")],
      files: [("(hd0,gpt1)/boot/vmlinuz", "k"), ("(hd0,gpt1)/boot/note", "hello\n")])
    var session = CommandSession(environment: environment, menu: nil)
    #expect(session.run("ls").output == "(hd0) (hd0,gpt1) \n")
    #expect(session.run("set root=hd0,gpt1").output == "")
    #expect(session.run("ls /boot").output == "vmlinuz note \n")
    #expect(session.run("cat /boot/note").output == "hello\n")
    #expect(session.run("frob").output == "unknown command frob\n")
    #expect(session.run("boot").output == "boot: you need to load the kernel first\n")
    #expect(session.run("linux /boot/vmlinuz root=/dev/xvda1").outcome == nil)
    guard case .boot(let target)? = session.run("boot").outcome else {
      Issue.record("no boot")
      return
    }
    #expect(target.kernel == MenuFile(device: "hd0,gpt1", path: "/boot/vmlinuz"))
    #expect(session.run("help").output.hasPrefix("ls [-l]"))
  }

  @Test func mistakesLeaveTheSessionUsable() {
    var session = CommandSession(environment: FakeEnvironment(), menu: nil, root: "hd0")
    #expect(session.run("echo 'a").output == "a quote is not closed\n")
    let endless = session.run("while true; do true; done").output
    #expect(endless.hasPrefix("command line:1:7: more than"))
    #expect(session.run("echo $root").output == "hd0\n")
    guard case .halt? = session.run("halt").outcome else {
      Issue.record("no halt")
      return
    }
    #expect(session.run("echo on").outcome == nil)
  }

  @Test func aSessionKnowsItsMenu() throws {
    let menu = try scriptMenu("set v=seen\nset root=hd3\nmenuentry a { true; }")
    var session = CommandSession(environment: FakeEnvironment(), menu: menu)
    #expect(session.run("echo $v $root").output == "seen hd3\n")
    let legacy = try legacyMenu("title a\nkernel /k\n")
    session = CommandSession(environment: FakeEnvironment(), menu: legacy, root: "hd1")
    #expect(session.run("echo \"<$v>\"").output == "<>\n")
  }
}
