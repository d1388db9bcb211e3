// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import Testing

struct BootReportTests {
  private func texts(_ nodes: [BootReport.Node]) -> [String] {
    nodes.map { "\($0.path.text)=\($0.value.text)" }
  }

  private func loading() -> BootReport {
    var report = BootReport()
    report.state = .loading
    report.entry = "Debian"
    report.kernel = "xvda1: ext4: /boot/vmlinuz"
    report.commandLine = "root=/dev/xvda1 ro"
    report.byteCounts = (kernel: 8_000_000, ramdisks: 31_000_000)
    return report
  }

  @Test func writesOnlyWhatChanged() {
    var report = BootReport()
    #expect(texts(report.takeChanges()) == [])
    report.state = .menu
    #expect(texts(report.takeChanges()) == ["data/pvgrub-report/state=menu"])
    #expect(texts(report.takeChanges()) == [])
    report.state = .failed
    report.error = "no kernel"
    #expect(
      texts(report.takeChanges()) == [
        "data/pvgrub-report/error=no kernel", "data/pvgrub-report/state=failed",
      ])
  }

  @Test func stateComesLast() {
    var report = loading()
    #expect(
      texts(report.takeChanges()) == [
        "data/pvgrub-report/entry=Debian",
        "data/pvgrub-report/kernel=xvda1: ext4: /boot/vmlinuz",
        "data/pvgrub-report/cmdline=root=/dev/xvda1 ro",
        "data/pvgrub-report/bytes=kernel=8000000 ramdisks=31000000",
        "data/pvgrub-report/state=loading",
      ])
    report.state = .booting
    report.times = "total=5"
    #expect(
      texts(report.takeChanges()) == [
        "data/pvgrub-report/milliseconds=total=5", "data/pvgrub-report/state=booting",
      ])
  }

  @Test func whatIsGoneIsWrittenEmpty() {
    var report = loading()
    _ = report.takeChanges()
    report.entry = ""
    report.byteCounts = (0, 0)
    #expect(
      texts(report.takeChanges()) == ["data/pvgrub-report/entry=", "data/pvgrub-report/bytes="])
  }

  @Test func isNeverReadAsAnOptionOfTheHost() {
    #expect(!BootReport.path.hasPrefix("data/pvgrub/"))
    var report = loading()
    for node in report.takeChanges() {
      #expect(node.path.hasPrefix("data/pvgrub-report/"))
    }
  }

  @Test func everyValueIsOneLineOfBoundedLength() {
    var report = BootReport()
    report.entry = "a\u{1b}[2J\nb\u{7f}"
    report.commandLine = ByteString(String(repeating: "x", count: 5000))
    // A character of two bytes at each offset around the cut.
    report.kernel = ByteString(String(repeating: "ä", count: 5000))
    report.error = ByteString("x" + String(repeating: "€", count: 5000))
    let nodes = report.takeChanges()
    #expect(nodes[0].value == "a?[2J?b?")
    for node in nodes {
      #expect(node.value.count <= BootReport.valueByteCountMax)
      #expect(String(validating: node.value.bytes, as: UTF8.self) != nil)
    }
    #expect(nodes[1].value.text.hasSuffix("ää...") && nodes[1].value.count > 1018)
    #expect(nodes[2].value.text == String(repeating: "x", count: 1021) + "...")
    #expect(nodes[3].value.text.hasSuffix("€€...") && nodes[3].value.count > 1018)
  }

  @Test func exactlyTheLimitIsNotCut() {
    var report = BootReport()
    report.commandLine = ByteString(String(repeating: "x", count: 1024))
    #expect(report.takeChanges()[0].value == report.commandLine)
  }

  @Test func bytesThatAreNoTextAreCutAsTheyAre() {
    var report = BootReport()
    report.error = ByteString([UInt8](repeating: 0x80, count: 3000))
    let value = report.takeChanges()[0].value
    #expect(value.count > 1016 && value.count <= 1024)
  }

  @Test func entryCanBeGivenBackAsAnOption() {
    let titles: [ByteString] = ["More > of it", "Debian>>", "x"]
    var path = BootReport.entryPath(titles)
    #expect(path == "More >> of it>Debian>>>>>x")
    for title in titles {
      var menu = Menu(file: MenuFile(device: "", path: ""), format: .grub2)
      let place = MenuPlace(file: "m", line: 1)
      for name in ["other", title] {
        menu.entries.append(BootEntry(kind: .submenu, title: name, source: "", place: place))
      }
      let selection = menu.selection(named: path)
      #expect(selection?.index == 1)
      path = selection?.rest ?? ""
    }
    #expect(path == "")
    #expect(BootReport.entryPath([]) == "")
  }
}

struct BootTimesTests {
  private static let millisecond: UInt64 = 1_000_000

  private func at(_ milliseconds: UInt64) -> UInt64 { 77 + milliseconds * Self.millisecond }

  @Test func sumsUpEachPhase() {
    var times = BootTimes(now: at(0))
    times.enter(.search, now: at(12))
    times.enter(.menu, now: at(15))
    times.startAttempt(now: at(5015))
    times.enter(.ramdisks, now: at(5315))
    times.enter(.handOver, now: at(5515))
    #expect(
      times.text(now: at(5555))
        == "connect=12 search=3 menu=5000 kernel=300 ramdisks=200 handover=40 total=5555")
    #expect(times.sum(of: .kernel, now: at(9999)) == 300 * Self.millisecond)
  }

  @Test func anAttemptThatFailedIsNotPartOfTheNext() {
    var times = BootTimes(now: at(0))
    times.enter(.menu, now: at(1))
    times.startAttempt(now: at(2))
    times.enter(.ramdisks, now: at(100))
    times.enter(.menu, now: at(200))
    times.startAttempt(now: at(210))
    times.enter(.handOver, now: at(240))
    #expect(
      times.text(now: at(241))
        == "connect=1 search=0 menu=11 kernel=30 ramdisks=0 handover=1 total=241")
    // Without a menu in between.
    times.startAttempt(now: at(250))
    #expect(times.sum(of: .handOver, now: at(260)) == 0)
    #expect(times.sum(of: .kernel, now: at(260)) == 10 * Self.millisecond)
  }

  @Test func aClockThatRunsBackwardsStands() {
    var times = BootTimes(now: at(100))
    times.enter(.search, now: at(50))
    times.enter(.menu, now: at(110))
    #expect(
      times.text(now: at(0))
        == "connect=0 search=10 menu=0 kernel=0 ramdisks=0 handover=0 total=0")
  }
}
