// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import MiniOS
import XenFrontends

/// The image's disks.
typealias Disk = DiskFrontend<XenHypervisor>

/// A disk with its cache for metadata.
typealias CachedDisk = CachedDevice<Disk>

/// A file of the guest whose place on its disk is known.
typealias GuestFile = LocatedFile<CachedDisk>

/// The files of an entry, on such disks.
typealias GuestBootFiles = BootFiles<CachedDisk>

extension LocatedFile where Device == CachedDisk {
  /// The disk itself: contents go past the cache.
  var disk: Disk { volume.device.base }

  /// Where the file's volume starts on the disk, in bytes.
  var volumeByteOffset: UInt64 { volume.byteOffset }
}

extension DiskFrontend where H == XenHypervisor {
  /// Does the part of a plan that the backend can't: bytes out of metadata, runs that are not
  /// aligned, what must be unpacked, and zeros. After the pieces are in place.
  func finish(
    _ plan: ReadPlan, reader: inout ExtentReader<CachedDisk>
  ) throws(BlockError) {
    for copy in plan.copies { try Self.store(copy.bytes, at: copy.place) }
    for run in plan.reads {
      var done: UInt64 = 0
      while done < run.byteCount {
        let count = min(run.byteCount - done, 65536)
        let bytes = try read(at: run.deviceByteOffset + done, count: Int(count))
        try Self.store(bytes, at: run.place.advanced(by: done))
        done += count
      }
    }
    for piece in plan.unpackings {
      try Self.store(try reader.read(.encoded(piece.extent)), at: piece.place)
    }
    for zeros in plan.zeros { try Self.zero(zeros) }
  }

  private static func store(_ bytes: [UInt8], at place: ReadPlan.Place) throws(BlockError) {
    var done = 0
    while done < bytes.count {
      let spot = place.advanced(by: UInt64(done))
      let count = min(bytes.count - done, 4096 - spot.byteOffset)
      let isDone = FrameWindow.write(spot.frame) { page in
        for index in 0..<count { page[spot.byteOffset + index] = bytes[done + index] }
      }
      guard isDone else { throw .outOfResources("a page to finish a file in") }
      done += count
    }
  }

  private static func zero(_ zeros: ReadPlan.Zeros) throws(BlockError) {
    var done: UInt64 = 0
    while done < zeros.byteCount {
      let spot = zeros.place.advanced(by: done)
      let count = Int(min(zeros.byteCount - done, UInt64(4096 - spot.byteOffset)))
      let isDone = FrameWindow.write(spot.frame) { page in
        let part = UnsafeMutableRawBufferPointer(
          rebasing: page[spot.byteOffset..<spot.byteOffset + count])
        part.initializeMemory(as: UInt8.self, repeating: 0)
      }
      guard isDone else { throw .outOfResources("a page to finish a file in") }
      done += UInt64(count)
    }
  }
}

extension ReadPlan.Place {
  /// The place `byteCount` bytes further.
  func advanced(by byteCount: UInt64) -> ReadPlan.Place {
    let offset = UInt64(byteOffset) + byteCount
    return ReadPlan.Place(frame: frame + offset / 4096, byteOffset: Int(offset % 4096))
  }
}
