// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import Testing

struct HostOptionsTests {
  @Test func takesWordsApart() {
    let options = HostOptions("  timeout=7 (hd0,0)/boot/grub/menu.lst  selftest=null root=x ro ")
    #expect(options.timeoutSeconds == 7)
    #expect(options.menu == MenuFile(device: "hd0,1", path: "/boot/grub/menu.lst"))
    #expect(options.selfTest == "null")
    #expect(options.unknown == ["root=x", "ro"])
  }

  @Test func nothingIsAskedByNothing() {
    let options = HostOptions("")
    #expect(options == HostOptions("   "))
    #expect(options.timeoutSeconds == nil)
    #expect(options.menu == nil)
    #expect(options.selfTest == nil)
    #expect(options.unknown == [])
  }

  @Test func takesWordsForTestsAndTheHostsModule() {
    let options = HostOptions("selftest=fail:pin,grants ramdisk=ignore chained")
    #expect(options.failures?.steps == [.pin, .grants])
    #expect(options.ignoresModule)
    #expect(options.isChained)
    #expect(options.unknown == [])
    #expect(HostOptions("selftest=fail:nothing").failures == nil)
    #expect(HostOptions("selftest=fail:nothing").selfTest == "fail:nothing")
    #expect(HostOptions("ramdisk=x").unknown == ["ramdisk=x"])
  }

  @Test func aScheduleFailsEachStepOnceInOrder() throws {
    var schedule = try #require(FailureSchedule("locate,all,pin"))
    var steps: [BootStep] = []
    while let step = schedule.next() { steps.append(step) }
    #expect(steps == [.locate] + BootStep.allCases + [.pin])
    let names = BootStep.allCases.map { $0.name }
    #expect(Set(names).count == names.count)
    let many = ByteString([UInt8](Array(repeating: "all", count: 20).joined(separator: ",").utf8))
    #expect(FailureSchedule(many) == nil)
    #expect(FailureSchedule("") == nil)
    #expect(FailureSchedule("all,") == nil)
  }

  @Test func takesHowAKernelStartsInAPVHDomain() {
    #expect(HostOptions("").kernelStart == .entry)
    #expect(HostOptions("pvh=bzimage").kernelStart == .bzImage)
    #expect(HostOptions("pvh=bzimage pvh=entry").kernelStart == .entry)
    #expect(HostOptions("pvh=other").unknown == ["pvh=other"])
  }

  @Test func takesAMenuInTheNamesOfGRUB2() {
    #expect(HostOptions("(hd0,msdos2)/m").menu == MenuFile(device: "hd0,msdos2", path: "/m"))
    #expect(HostOptions("(hd1)/m").menu == MenuFile(device: "hd1", path: "/m"))
    #expect(HostOptions("(xen/xvda,gpt1)/m").menu == MenuFile(device: "xen/xvda,gpt1", path: "/m"))
  }

  @Test(
    arguments: [
      "timeout=", "timeout=x", "timeout=-1", "timeout=86401", "timeout=99999999999999999999",
      "(hd0",
      "(hd0)", "/boot/grub/menu.lst", "timeout",
    ] as [ByteString])
  func namesWordsThatItDoesNotKnow(word: ByteString) {
    let options = HostOptions(word)
    #expect(options.unknown == [word])
    #expect(options.timeoutSeconds == nil)
    #expect(options.menu == nil)
  }

  @Test func theLongestTimeoutIsADay() {
    #expect(HostOptions("timeout=86400").timeoutSeconds == 86_400)
    #expect(HostOptions("timeout=0").timeoutSeconds == 0)
  }
}

struct BootPolicyTests {
  var menu: Menu {
    var menu = Menu(file: MenuFile(device: "hd0", path: "/boot/grub/grub.cfg"), format: .grub2)
    for title: ByteString in ["one", "two", "three"] {
      let place = MenuPlace(file: "grub.cfg", line: 1)
      menu.entries.append(BootEntry(kind: .boot, title: title, source: "", place: place))
    }
    return menu
  }

  /// The timeout of a menu that says this.
  func timeout(_ seconds: Int?, interruptible: Int = 0, _ words: ByteString = "") -> Int {
    var menu = menu
    menu.timeoutSeconds = seconds
    menu.interruptibleSeconds = interruptible
    return BootPolicy.timeout(of: menu, options: HostOptions(words)).seconds
  }

  @Test func theMenusOwnTimeoutCounts() {
    #expect(timeout(5) == 5)
    #expect(timeout(0) == 0)
    var menu = menu
    menu.timeoutSeconds = 5
    #expect(BootPolicy.timeout(of: menu, options: HostOptions("")).remark == nil)
  }

  @Test(arguments: [nil, -1, .min] as [Int?])
  func noMenuWaitsForEver(seconds: Int?) {
    var menu = menu
    menu.timeoutSeconds = seconds
    let (chosen, remark) = BootPolicy.timeout(of: menu, options: HostOptions(""))
    #expect(chosen == 30)
    #expect(remark == "the menu would wait for ever; the default boots after 30 s")
  }

  @Test func aMenuWithAPasswordHasNoCommandLine() {
    var menu = menu
    #expect(BootPolicy.allowsCommandLine(menu))
    menu.superusers = ["root"]
    #expect(!BootPolicy.allowsCommandLine(menu))
  }

  @Test func theHostsTimeoutWins() {
    #expect(timeout(-1, "timeout=2") == 2)
    #expect(timeout(nil, "timeout=0") == 0)
    #expect(timeout(5, "timeout=9") == 9)
  }

  @Test func theHiddenTimeoutOfOlderMenusCountsBeforeTheirOwn() {
    #expect(timeout(nil, interruptible: 4) == 4)
    // `if sleep --interruptible 5; then set timeout=0; fi`
    #expect(timeout(0, interruptible: 5) == 5)
    #expect(timeout(3, interruptible: 5) == 8)
    #expect(timeout(-1, interruptible: 5) == 30)
  }

  @Test func noTimeoutIsLongerThanADay() {
    #expect(timeout(.max) == 86_400)
    #expect(timeout(.max, interruptible: .max) == 86_400)
    #expect(timeout(nil, interruptible: .max) == 86_400)
    #expect(timeout(1, interruptible: .min) == 1)
  }

  @Test func triesTheDefaultAndThenItsFallbacksEachOnce() {
    var menu = menu
    menu.defaultName = "two"
    menu.fallbackNames = ["2", "1", "none", "0", "three"]
    #expect(BootPolicy.unattendedOrder(of: menu).map { $0.index } == [1, 2, 0])
  }

  @Test func withoutADefaultTheFirstEntryIsTried() {
    var menu = menu
    #expect(BootPolicy.unattendedOrder(of: menu).map { $0.index } == [0])
    menu.entries = []
    #expect(BootPolicy.unattendedOrder(of: menu).isEmpty)
  }
}
