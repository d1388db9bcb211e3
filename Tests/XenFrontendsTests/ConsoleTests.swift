// SPDX-License-Identifier: GPL-2.0-or-later
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct ConsoleTests {
  private func make(_ start: UInt32 = 0) -> (FakeXen, FakeConsole, Console<FakeXen>) {
    let xen = FakeXen()
    let daemon = FakeConsole(xen, startIndex: start)
    return (xen, daemon, Console(page: daemon.page, port: daemon.port, hypervisor: xen))
  }

  @Test(arguments: [0, 2000, UInt32.max - 7] as [UInt32])
  func outputArrivesWhole(_ start: UInt32) {
    let (xen, daemon, console) = make(start)
    let text = (0..<10_000).map { UInt8($0 % 200 + 32) }
    console.write(text)
    console.flush(until: xen.now + 1_000_000)
    #expect(daemon.text == text)
    #expect(console.droppedByteCount == 0)
  }

  @Test func lineFeedGoesOutWithCarriageReturn() {
    let (xen, daemon, console) = make()
    console.write(Array("a\nb".utf8))
    console.translatesLineFeeds = false
    console.write(Array("\nc".utf8))
    xen.run()
    #expect(daemon.text == Array("a\r\nb\nc".utf8))
  }

  @Test func outputThatNobodyReadsIsDroppedAfterAShortTime() {
    let (xen, daemon, console) = make()
    daemon.reads = false
    let start = xen.now
    console.write([UInt8](repeating: 0x78, count: 3000))
    #expect(xen.now - start == console.timeLimit)
    #expect(console.droppedByteCount == 3000 - 2048)
    // From then on writing takes no time, until somebody reads.
    console.write([UInt8](repeating: 0x78, count: 100))
    #expect(xen.now - start == console.timeLimit)
    #expect(console.droppedByteCount == 3100 - 2048)
    daemon.reads = true
    xen.notify(daemon)
    xen.run()
    console.write(Array("again".utf8))
    xen.run()
    #expect(daemon.text.suffix(5) == Array("again".utf8)[...])
  }

  @Test func tellsWhetherTheReaderKeepsUp() {
    let (xen, daemon, console) = make()
    #expect(console.isDrained)
    daemon.reads = false
    console.write([0x78])
    xen.run()
    #expect(!console.isDrained)
    daemon.reads = true
    xen.notify(daemon)
    xen.run()
    #expect(console.isDrained)
  }

  @Test(arguments: [0, UInt32.max - 2] as [UInt32])
  func inputIsReadInOrder(_ start: UInt32) {
    let (_, daemon, console) = make(start)
    #expect(console.read() == [])
    daemon.type(Array("\u{1b}[A".utf8))
    daemon.type([0x0d])
    #expect(console.read() == [0x1b, 0x5b, 0x41, 0x0d])
    #expect(console.read() == [])
  }

  @Test func impossibleInputIndexesAreForgotten() {
    let (_, daemon, console) = make()
    daemon.memory.store(u32: 5000, at: 3076)
    #expect(console.read() == [])
    daemon.type([0x61])
    #expect(console.read() == [0x61])
  }

  @Test func impossibleOutputIndexesDropOutput() {
    let (xen, daemon, console) = make()
    daemon.memory.store(u32: 77, at: 3080)
    let start = xen.now
    console.write([1, 2, 3])
    #expect(console.droppedByteCount == 3)
    #expect(xen.now == start)
  }

  @Test func keyTypedWhileWritingWakesTheSleeper() {
    let (xen, daemon, console) = make()
    #expect(console.prepareToSleep())
    daemon.type([0x61])
    console.write(Array("countdown".utf8))
    let start = xen.now
    xen.poll(ports: [console.port], until: start + 1_000_000_000)
    #expect(xen.now - start < 1_000_000)
    #expect(!console.prepareToSleep())
    #expect(console.read() == [0x61])
    #expect(console.prepareToSleep())
  }
}
