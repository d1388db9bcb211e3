// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import TestSupport
import Testing

struct KernelFramesTests {
  @Test func joinsRunsThatGoOn() throws {
    var frames = KernelFrames()
    frames.set(page: 100, frames: 10..<12)
    frames.set(page: 104, frames: 14..<16)
    frames.set(page: 102, frames: 12..<14)
    frames.set(page: 106, frames: 0..<1)
    frames.set(page: 50, frames: 60..<60)
    #expect(frames.pageCount == 7)
    #expect(
      try frames.placements(for: Kernels.small()) == [
        FramePlacement(target: 100, source: 10, frameCount: 6),
        FramePlacement(target: 106, source: 0, frameCount: 1),
      ])
    #expect(frames.frame(ofPage: 99) == nil)
    #expect(frames.frame(ofPage: 100) == 10)
    #expect(frames.frame(ofPage: 105) == 15)
    #expect(frames.frame(ofPage: 106) == 0)
    #expect(frames.frame(ofPage: 107) == nil)
  }

  @Test func pagesOfZerosGiveTheirFramesBack() {
    var frames = KernelFrames()
    frames.set(page: 100, frames: 10..<16)
    #expect(frames.remove(page: 102) == 12)
    #expect(frames.remove(page: 100) == 10)
    #expect(frames.remove(page: 105) == 15)
    #expect(frames.remove(page: 105) == nil)
    #expect(frames.pageCount == 3)
    #expect(frames.frame(ofPage: 101) == 11)
    #expect(frames.frame(ofPage: 103) == 13)
    let addresses: Range<UInt64> = 100 * 4096 + 5..<107 * 4096 + 1
    #expect(frames.missingPages(in: addresses) == [100..<101, 102..<103, 105..<108])
    #expect(frames.missingPages(in: 5..<5).isEmpty)
    frames.set(page: 102, frames: 12..<13)
    #expect(frames.missingPages(in: 101 * 4096..<105 * 4096).isEmpty)
  }

  @Test func takesThePhysicalOffsetAway() throws {
    let kernel = try Kernels.make(
      virtBase: 0x4000_0000, memory: 16 << 20..<17 << 20, initP2M: nil, modulePFN: nil,
      physicalOffset: 8 << 20)
    var frames = KernelFrames()
    frames.set(page: 0x1000, frames: 5..<6)
    #expect(
      try frames.placements(for: kernel) == [FramePlacement(target: 0x800, source: 5)])
    frames.set(page: 0x7ff, frames: 8..<9)
    #expect(throws: DomainBuilderError.placementOutside(frame: 0x7ff, limit: 0x800)) {
      try frames.placements(for: kernel)
    }
  }

  @Test func aPageHasOneFrame() async {
    await #expect(processExitsWith: .failure) {
      var frames = KernelFrames()
      frames.set(page: 100, frames: 10..<12)
      frames.set(page: 101, frames: 20..<21)
    }
  }
}
