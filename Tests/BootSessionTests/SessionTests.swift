// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import BootSession
import Bytes
import Testing

/// Menu, command line, passwords, countdown and failures as one state machine.
struct SessionTests {
  private let two = """
    set timeout=5
    menuentry 'One' { linux /one }
    menuentry 'Two' { linux /two }
    """

  // MARK: The countdown

  @Test func theDefaultBootsWhenItsTimeIsOver() throws {
    let lab = SessionLab()
    try lab.open(two)
    lab.wait(seconds: 4)
    #expect(lab.kernels == [])
    lab.wait(seconds: 2)
    #expect(lab.kernels == ["/one"])
    #expect(lab.titles == [["One"]])
  }

  @Test func aMenuWithoutATimeoutOfAnySecondsBootsAtOnce() throws {
    let lab = SessionLab()
    try lab.open("set timeout=0\nmenuentry 'One' { linux /one }")
    #expect(lab.kernels == ["/one"])
  }

  @Test func whatAMenuSavesIsReadByAnEntryOfTheSameStep() throws {
    let block = "# GRUB Environment Block\nkernel=old\n" + String(repeating: "#", count: 900)
    let lab = SessionLab(files: [("(hd0,msdos1)/boot/grub/grubenv", block)])
    try lab.open(
      """
      set timeout=0; kernel=new; save_env kernel
      menuentry 'One' { load_env; linux /$kernel }
      """)
    #expect(lab.kernels == ["/new"])
  }

  @Test func anyKeyStopsTheCountdownForGood() throws {
    let lab = SessionLab()
    try lab.open(two)
    lab.type("j")
    lab.wait(seconds: 1000)
    #expect(lab.kernels == [])
    lab.type("\r")
    #expect(lab.kernels == ["/two"])
  }

  @Test func theHostsTimeoutAndEntryCount() throws {
    let lab = SessionLab("timeout=1 entry=Two")
    try lab.open(two)
    lab.wait(seconds: 2)
    #expect(lab.kernels == ["/two"])
  }

  @Test func nothingIsWantedOnceABootIsAskedFor() throws {
    let lab = SessionLab()
    try lab.open(two)
    lab.wait(seconds: 6)
    #expect(lab.effects.last?.leaves == true)
    #expect(lab.type("x") == [])
    #expect(lab.step(.tick) == [])
  }

  // MARK: Failures

  @Test func fallbacksAreTriedInOrder() throws {
    let lab = SessionLab()
    try lab.open(
      """
      set timeout=1; set fallback="2 1"
      menuentry 'One' { linux /one }
      menuentry 'Two' { linux /two }
      menuentry 'Three' { linux /three }
      """)
    lab.wait(seconds: 2)
    lab.fail()
    lab.fail()
    lab.fail()
    #expect(lab.kernels == ["/one", "/three", "/two"])
    #expect(lab.lines.filter { $0.hasPrefix("pvgrub-swift: Three: no such file") }.count == 1)
    #expect(
      lab.lines.last
        == "pvgrub-swift: nothing boots; without a key the domain ends in 300 s (crash)")
  }

  @Test func theOtherEntriesFollowWhenTheHostSaysSo() throws {
    let lab = SessionLab("onfail=next")
    try lab.open(two)
    lab.wait(seconds: 6)
    lab.fail()
    #expect(lab.kernels == ["/one", "/two"])
  }

  @Test(arguments: [("crash", DomainEnd.crash), ("poweroff", .powerOff), ("reboot", .reboot)])
  func theDomainEndsWhenNothingBootsAndNobodyComes(word: String, how: DomainEnd) throws {
    let lab = SessionLab("onfail=\(ByteString(word)):20")
    try lab.open(two)
    lab.wait(seconds: 6)
    lab.fail()
    lab.wait(seconds: 19)
    #expect(lab.end == nil)
    lab.wait(seconds: 2)
    #expect(lab.end == how)
    #expect(lab.step(.tick) == [], "after the end nothing follows")
  }

  @Test func aKeyAfterAFailureKeepsTheDomain() throws {
    let lab = SessionLab("onfail=crash:20")
    try lab.open(two)
    lab.wait(seconds: 6)
    lab.fail()
    lab.type("k")
    lab.wait(seconds: 1000)
    #expect(lab.end == nil)
    lab.type("\r")
    #expect(lab.kernels == ["/one", "/one"])
  }

  @Test func theHostMayLetAMenuWaitForEver() throws {
    let lab = SessionLab("onfail=wait")
    try lab.open(two)
    lab.wait(seconds: 6)
    lab.fail()
    lab.wait(seconds: 10_000)
    #expect(lab.end == nil)
  }

  @Test func whatFailsIsReportedWithItsMenus() throws {
    let lab = SessionLab()
    try lab.open("submenu 'More' { menuentry 'Inner' { linux /inner } }")
    lab.type("\r")
    lab.type("\r")
    #expect(lab.titles == [["More", "Inner"]])
    lab.fail("broken")
    #expect(
      lab.effects.contains(.reportFailure(titles: ["More", "Inner"], reason: "broken")))
  }

  @Test func anEntryThatCanNotRunFailsWithoutABoot() throws {
    let lab = SessionLab()
    try lab.open("menuentry 'Empty' { true }")
    lab.type("\r")
    #expect(lab.kernels == [])
    #expect(lab.lines.last?.hasPrefix("pvgrub-swift: Empty: ") == true)
  }

  // MARK: Xen inside a guest

  @Test func aHypervisorsFirstModuleIsBootedInItsPlace() throws {
    let lab = SessionLab()
    try lab.open(
      """
      set timeout=0
      menuentry 'Xen' { multiboot /xen.gz
      module /vmlinuz root=/dev/xvda1
      module /initrd }
      """)
    lab.fail("a 32-bit kernel", isKernel32Bit: true)
    #expect(lab.kernels == ["/xen.gz", "/vmlinuz"])
    lab.fail("missing", isKernel32Bit: true)
    #expect(lab.kernels == ["/xen.gz", "/vmlinuz"], "only once")
    #expect(lab.lines.contains("pvgrub-swift: Xen: missing"))
  }

  @Test func another32BitKernelIsAFailure() throws {
    let lab = SessionLab()
    try lab.open("set timeout=0\nmenuentry 'Old' { linux /old }")
    lab.fail("a 32-bit kernel", isKernel32Bit: true)
    #expect(lab.kernels == ["/old"])
  }

  // MARK: Defaults that are menus

  @Test func aDefaultInsideOfSubmenusBootsUnattended() throws {
    let lab = SessionLab()
    try lab.open(
      """
      set timeout=0; set default='More>Inner'
      menuentry 'One' { linux /one }
      submenu 'More' { menuentry 'Inner' { linux /inner } }
      """)
    #expect(lab.kernels == ["/inner"])
    #expect(lab.titles == [["More", "Inner"]])
  }

  @Test func anEntryMayRebootOrPowerOff() throws {
    let off = SessionLab()
    try off.open("menuentry 'Off' { halt }")
    off.type("\r")
    #expect(off.end == .powerOff)
    let again = SessionLab()
    try again.open("set timeout=0\nmenuentry 'Again' { reboot }")
    #expect(again.end == .reboot)
  }

  // MARK: What is saved

  @Test func stateIsSavedBeforeTheBoot() throws {
    let lab = SessionLab(files: [("(hd0,msdos1)/boot/grub/grubenv", "# GRUB")])
    try lab.open(
      """
      set timeout=0
      menuentry 'One' { saved_entry=One
      save_env saved_entry
      linux /one }
      """)
    let save = try #require(
      lab.effects.firstIndex { if case .save = $0 { true } else { false } })
    let boot = try #require(lab.effects.firstIndex { $0.leaves })
    #expect(save < boot)
  }

  // MARK: The toolstack

  @Test func whatTheToolstackSaysIsShownAndTheMenuComesBack() throws {
    let lab = SessionLab()
    try lab.open(two)
    let effects = lab.step(.toolstackSaid("the toolstack wants something"))
    #expect(effects.first == .say("the toolstack wants something"))
    guard case .write(let bytes)? = effects.last else {
      Issue.record("the menu is not drawn again")
      return
    }
    #expect(bytes.contains("One"))
  }
}

extension ByteString {
  fileprivate func contains(_ text: ByteString) -> Bool {
    String(decoding: bytes, as: UTF8.self).contains(String(decoding: text.bytes, as: UTF8.self))
  }
}
