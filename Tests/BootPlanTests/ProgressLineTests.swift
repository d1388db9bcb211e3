// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import Testing

struct ProgressLineTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func isShownFourTimesASecondAtMost() {
    var line = ProgressLine(totalByteCount: 100_000_000, now: 5)
    var shown = 0
    // A chunk each millisecond for two seconds.
    for millisecond in 0..<2000 {
      let now = 5 + UInt64(millisecond) * 1_000_000
      guard line.isDue(now: now) else { continue }
      _ = line.update(byteCount: UInt64(millisecond) * 50_000, now: now)
      shown += 1
    }
    #expect(shown == 7)
    #expect(!ProgressLine(totalByteCount: 10, now: 5).isDue(now: 5 + 249_999_999))
  }

  @Test func saysBytesPercentAndSpeed() {
    var line = ProgressLine(totalByteCount: 39_100_000, now: 0)
    #expect(
      line.update(byteCount: 12_345_678, now: Self.second / 2)
        == "\rReading: 31 %, 12.3 of 39.1 MB, 24.6 MB/s")
    #expect(
      line.update(byteCount: 39_100_000, now: Self.second)
        == "\rReading: 100 %, 39.1 of 39.1 MB, 39.1 MB/s")
  }

  @Test func coversWhatWasThereAndIsClearedAtTheEnd() {
    var line = ProgressLine(totalByteCount: 1000, now: 0)
    #expect(line.clear() == "")
    let long = line.update(byteCount: 999, now: 2_000_000)
    #expect(long == "\rReading: 99 %, 0.0 of 0.0 MB, 0.4 MB/s")
    let short = line.update(byteCount: 0, now: 0)
    #expect(short.text == "\rReading: 0 %, 0.0 of 0.0 MB" + String(repeating: " ", count: 11))
    #expect(short.count == long.count)
    #expect(line.clear().text == "\r" + String(repeating: " ", count: 27) + "\r")
    #expect(line.clear() == "")
  }

  @Test(arguments: [0, 1, 99, 100, 1 << 50, 1 << 63, UInt64.max])
  func anySizeIsALineOfLessThan80Columns(_ total: UInt64) {
    for byteCount in [0, 1, total / 2, total, UInt64.max] {
      for now in [0, 1, 1000, Self.second, UInt64.max] {
        var line = ProgressLine(totalByteCount: total, now: 0)
        guard line.isDue(now: now) else { continue }
        let text = line.update(byteCount: byteCount, now: now)
        #expect(text.count < 80 && text.hasPrefix("\r"))
      }
    }
  }

  @Test func ofNothingNothingIsShown() {
    #expect(!ProgressLine(totalByteCount: 0, now: 0).isDue(now: Self.second))
  }
}

struct BootSummaryTests {
  private func summary(ramdiskCount: Int = 1) -> BootSummary {
    BootSummary(
      kernel: "xvda: ext4: /boot/vmlinuz-6.1", kind: "bzImage (xz)",
      byteCounts: (kernel: 8_100_000, ramdisks: 31_000_000), ramdiskCount: ramdiskCount,
      readNanoseconds: 420_000_000, totalNanoseconds: 5_605_000_000,
      commandLine: "root=/dev/xvda ro")
  }

  @Test func isOneLine() {
    #expect(
      summary().line.text
        == "Read 39.1 MB in 0.42 s (93.0 MB/s): xvda: ext4: /boot/vmlinuz-6.1, bzImage (xz), and 1 "
        + "more file. Starting after 5.60 s: root=/dev/xvda ro")
    #expect(summary(ramdiskCount: 2).line.text.contains(", and 2 more files. Starting"))
    #expect(summary(ramdiskCount: 0).line.text.contains("bzImage (xz). Starting"))
  }

  @Test func leavesOutWhatNobodyKnows() {
    var short = summary(ramdiskCount: 0)
    short.kind = ""
    short.readNanoseconds = 999_999
    #expect(
      short.line.text == "Read 39.1 MB in 0.00 s: xvda: ext4: /boot/vmlinuz-6.1. "
        + "Starting after 5.60 s: root=/dev/xvda ro")
  }

  @Test func anyNumberIsALine() {
    var wild = summary()
    wild.byteCounts = (.max, .max)
    wild.readNanoseconds = .max
    wild.totalNanoseconds = .max
    #expect(wild.line.hasPrefix("Read 1125899906.8 MB in 18446744073.70 s (0.0 MB/s): "))
  }
}
