// SPDX-License-Identifier: GPL-2.0-or-later
@testable import BootMenu
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

  @Test func quotesKeepBlanksInAWord() {
    let options = HostOptions(#"entry="Debian, old kernel" append='a "b c"' on"fail=ne"xt "#)
    #expect(options.entry == "Debian, old kernel")
    #expect(options.arguments.appended == [#"a "b c""#])
    #expect(options.onFailure == .next)
    #expect(options.unknown == [])
    #expect(HostOptions("entry='a b").entry == "a b")
    #expect(HostOptions("'' \"x y").unknown == ["", "x y"])
  }

  @Test func takesWhatBecomesOfADomainInWhichNothingBoots() {
    #expect(HostOptions("").onFailure == .crash)
    #expect(HostOptions("").failureWaitSeconds == 300)
    #expect(HostOptions("onfail=poweroff").onFailure == .powerOff)
    #expect(HostOptions("onfail=crash onfail=wait").onFailure == .wait)
    #expect(HostOptions("onfail=reboot:7").onFailure == .reboot)
    #expect(HostOptions("onfail=reboot:7").failureWaitSeconds == 7)
  }

  @Test func takesHowLongToWaitAndHowMuchToSay() {
    #expect(HostOptions("wait=forever").waitsForEver)
    #expect(HostOptions("").log == .normal)
    #expect(HostOptions("log=quiet").log == .quiet)
    #expect(HostOptions("log=quiet log=all").log == .all)
    #expect(HostOptions("menu=(hd0,0)/m").menu == MenuFile(device: "hd0,1", path: "/m"))
  }

  @Test func takesVariablesOfScriptsAsGRUB214HasThem() {
    let options = HostOptions(
      "xen_grub_env_a=1 xen_grub_env_b='x y' xen_grub_env_=2 xen_grub_env_c")
    #expect(options.variables.map(\.name) == ["a", "b"])
    #expect(options.variables.map(\.value) == ["1", "x y"])
    #expect(options.unknown == ["xen_grub_env_=2", "xen_grub_env_c"])
  }

  @Test func aNodeInXenstoreGoesBeforeTheWord() {
    var options = HostOptions("entry=1 append=a timeout=9")
    options.takeNode("entry", "Debian > old")
    options.takeNode("append", "b c")
    options.takeNode("timeout", "3")
    options.takeNode("readonly", "")
    #expect(options.entry == "Debian > old")
    #expect(options.arguments.appended == ["a", "b c"])
    #expect(options.timeoutSeconds == 3)
    #expect(options.isReadOnly)
    #expect(options.unknown == [])
  }

  @Test func aNodeSaysNothingThatIsTheConfigsToSay() {
    var options = HostOptions("")
    for name: ByteString in ["chained", "selftest", "ramdisk", "pvh", "xen_grub_env_superusers"] {
      options.takeNode(name, name == "pvh" ? "bzimage" : "")
    }
    #expect(
      options.unknown == [
        "chained", "selftest", "ramdisk", "pvh=bzimage", "xen_grub_env_superusers",
      ])
    options.unknown = []
    #expect(options == HostOptions(""))
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
    #expect(steps == [.locate] + BootStep.leadingToMenu + [.pin])
    #expect(BootStep.leadingToMenu.count == BootStep.allCases.count - 1)
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
      "wait", "wait=5", "entry", "entry=", "append=", "remove=", "console=tty0", "onfail=",
      "onfail=x",
      "onfail=crash:", "onfail=wait:5", "onfail=crash:1:2", "onfail=crash:86401", "log=loud",
      "menu=/m", "readonly=1", "chained=1",
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
  func timeout(_ seconds: Int?, interruptible: Int = 0, _ words: ByteString = "") -> Int? {
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

  @Test func theHostCanLetAMenuWaitForEver() {
    #expect(BootPolicy.timeout(of: menu, options: HostOptions("wait=forever")).seconds == nil)
    #expect(timeout(-1, "wait=forever timeout=4") == 4)
    #expect(timeout(5, "wait=forever") == 5)
  }

  @Test func theHostsEntryGoesBeforeTheMenusDefault() {
    var own = menu
    own.defaultName = "two"
    own.fallbackNames = ["0"]
    let chosen = BootPolicy.menu(own, options: HostOptions("entry=2>x")).menu
    #expect(
      BootPolicy.unattendedOrder(of: chosen) == [
        Menu.Selection(index: 2, rest: "x"), Menu.Selection(index: 1), Menu.Selection(index: 0),
      ])
    let first = BootPolicy.menu(menu, options: HostOptions("entry=three")).menu
    #expect(BootPolicy.unattendedOrder(of: first).map(\.index) == [2, 0])
  }

  @Test func anEntryThatTheMenuLacksIsNamed() {
    let (same, remark) = BootPolicy.menu(menu, options: HostOptions("entry=seven"))
    #expect(same.defaultSelection == Menu.Selection(index: 0))
    #expect(remark == "entry=seven: the menu has no such entry; its own default stays")
    #expect(BootPolicy.menu(menu, options: HostOptions("")).remark == nil)
  }

  @Test func theOtherEntriesAreTriedIfTheHostSaysSo() {
    var long = menu
    long.defaultName = "1"
    long.entries[2].isHidden = true
    #expect(BootPolicy.unattendedOrder(of: long).map(\.index) == [1])
    #expect(BootPolicy.unattendedOrder(of: long, onFailure: .next).map(\.index) == [1, 0])
    for _ in 0..<100 { long.entries.append(long.entries[0]) }
    #expect(BootPolicy.unattendedOrder(of: long, onFailure: .next).count == 16)
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
