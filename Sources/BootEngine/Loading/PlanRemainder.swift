// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import StubMachine

/// Does the part of a plan that backends can't: bytes out of metadata, runs that are not aligned or
/// must be computed, what must be unpacked, and zeros.
struct PlanRemainder<M: Machine> {
  /// The most bytes that are read into a buffer at once.
  private static var bufferByteCount: UInt64 { 256 * 1024 }

  private let machine: M
  private let volume: Volume<CachedDisk<M>>
  private var reader: ExtentReader<CachedDisk<M>>

  init(_ volume: Volume<CachedDisk<M>>, on machine: M) {
    self.machine = machine
    self.volume = volume
    reader = ExtentReader(volume)
  }

  /// Finishes a plan whose pieces are in place. Calls `goOn` now and then with the bytes that it
  /// has done.
  mutating func finish(
    _ plan: ReadPlan, goOn: (UInt64) throws(BlockError) -> Void
  ) throws(BlockError) {
    var finished: UInt64 = 0
    for copy in plan.copies { try store(copy.bytes, at: copy.place) }
    for run in plan.reads {
      var done: UInt64 = 0
      while done < run.byteCount {
        let count = min(run.byteCount - done, Self.bufferByteCount)
        let bytes = try volume.read(at: run.volumeByteOffset + done, count: Int(count))
        try store(bytes, at: run.place.advanced(by: done))
        done += count
        finished += count
        try goOn(finished)
      }
    }
    for piece in plan.unpackings {
      let bytes = try reader.read(.encoded(piece.extent))
      try store(bytes, at: piece.place)
      finished += UInt64(bytes.count)
      try goOn(finished)
    }
    for zeros in plan.zeros { try zero(zeros) }
  }

  private func store(_ bytes: [UInt8], at place: ReadPlan.Place) throws(BlockError) {
    try machine.store(bytes[...], at: place)
  }

  private func zero(_ zeros: ReadPlan.Zeros) throws(BlockError) {
    var done: UInt64 = 0
    while done < zeros.byteCount {
      let spot = zeros.place.advanced(by: done)
      let wholeCount = (zeros.byteCount - done) / Page.byteCount
      if spot.byteOffset == 0, wholeCount > 0 {
        guard machine.zero(spot.frame..<spot.frame + wholeCount) else {
          throw .outOfResources("no page to finish a file in")
        }
        done += wholeCount * Page.byteCount
        continue
      }
      let count = Int(min(zeros.byteCount - done, Page.byteCount - UInt64(spot.byteOffset)))
      let isDone = machine.write(spot.frame) { page in
        let part = UnsafeMutableRawBufferPointer(
          rebasing: page[spot.byteOffset..<spot.byteOffset + count])
        part.initializeMemory(as: UInt8.self, repeating: 0)
      }
      guard isDone else { throw .outOfResources("no page to finish a file in") }
      done += UInt64(count)
    }
  }
}

extension Machine {
  /// Reads a stream of `byteCount` bytes into frames, a page at a time, and fills the rest of the
  /// last page with zeros. Calls `goOn` now and then with the bytes that are there.
  func fill(
    _ frames: ArraySlice<FrameNumber>, from stream: any FileContentsStream, byteCount: UInt64,
    goOn: (UInt64) throws(BlockError) -> Void
  ) throws(BlockError) {
    var done: UInt64 = 0
    for frame in frames where done < byteCount {
      let count = Int(min(Page.byteCount, byteCount - done))
      var failure: BlockError?
      let isMapped = write(frame) { page in
        let part = UnsafeMutableRawBufferPointer(rebasing: page[..<count])
        do throws(BlockError) { try stream.read(at: done, into: part) } catch { failure = error }
        let rest = UnsafeMutableRawBufferPointer(rebasing: page[count...])
        rest.initializeMemory(as: UInt8.self, repeating: 0)
      }
      if let failure { throw failure }
      guard isMapped else { throw .outOfResources("no page to read a file into") }
      done += UInt64(count)
      try goOn(done)
    }
  }

  /// Copies bytes to a place; what is longer than a frame goes on in the next numbers.
  func store(_ bytes: ArraySlice<UInt8>, at place: ReadPlan.Place) throws(BlockError) {
    var done = 0
    while done < bytes.count {
      let spot = place.advanced(by: UInt64(done))
      let count = min(bytes.count - done, Int(Page.byteCount) - spot.byteOffset)
      let first = bytes.startIndex + done
      let isDone = write(spot.frame) { page in
        UnsafeMutableRawBufferPointer(rebasing: page[spot.byteOffset...])
          .copyBytes(from: bytes[first..<first + count])
      }
      guard isDone else { throw .outOfResources("no page to finish a file in") }
      done += count
    }
  }
}

extension ReadPlan.Place {
  /// The place `byteCount` bytes further.
  func advanced(by byteCount: UInt64) -> ReadPlan.Place {
    let offset = UInt64(byteOffset) + byteCount
    return ReadPlan.Place(
      frame: frame + offset / Page.byteCount, byteOffset: Int(offset % Page.byteCount))
  }
}
