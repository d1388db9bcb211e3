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
  /// The disks that the file's volume is on: contents go past their caches.
  var disks: FileDisks { FileDisks(volume) }
}

/// The disks of a volume, kept busy all at the same time.
struct FileDisks {
  /// The most bytes that are read into a buffer at once.
  private static let bufferByteCount: UInt64 = 256 * 1024
  /// Nanoseconds of sleep at most before the rings are looked at again.
  private static let sleepMax: UInt64 = 1_000_000_000

  private let volume: Volume<CachedDisk>

  init(_ volume: Volume<CachedDisk>) { self.volume = volume }

  /// Whether these are the disks of `other`, in the same order.
  func areSame(as other: FileDisks) -> Bool {
    guard volume.devices.count == other.volume.devices.count else { return false }
    for (one, two) in zip(volume.devices, other.volume.devices) where one.base !== two.base {
      return false
    }
    return true
  }

  /// Whether no connection has ended.
  var areConnected: Bool {
    for device in volume.devices where device.base.status != .connected { return false }
    return true
  }

  /// Frames that a backend holds though it has answered.
  var heldGrantCount: Int { volume.devices.reduce(0) { $0 + $1.base.heldGrantCount } }

  /// Whether nothing is left to do, and nothing in flight.
  var isDone: Bool {
    for device in volume.devices where !device.base.isDone { return false }
    return true
  }

  /// Gives each disk its pieces of a plan; a ticket of each.
  @discardableResult
  func submit(_ plan: ReadPlan) throws(BlockError) -> [DiskTicket] {
    var tickets: [DiskTicket] = []
    for (index, device) in volume.devices.enumerated() {
      tickets.append(try device.base.submit(plan, device: index))
    }
    return tickets
  }

  /// Whether all that `tickets` stand for is there.
  func areComplete(_ tickets: [DiskTicket]) -> Bool {
    for (device, ticket) in zip(volume.devices, tickets) where !device.base.isComplete(ticket) {
      return false
    }
    return true
  }

  /// The bytes of the plans' pieces that are there.
  var completedByteCount: UInt64 {
    var sum: UInt64 = 0
    for device in volume.devices { sum = Checked.sum(sum, device.base.completedByteCount) ?? .max }
    return sum
  }

  /// Sleeps until all pieces of the plans are there, or of those with `tickets`, and calls `goOn`
  /// whenever a backend answered. The first error of any disk is thrown, when the others are done.
  func finishReading(
    _ hypervisor: XenHypervisor, tickets: [DiskTicket]? = nil, goOn: () -> Void = {}
  ) throws(BlockError) {
    var failure: BlockError?
    func note(_ error: BlockError) {
      failure = failure ?? error
      // What belongs to the same file is of no use any more.
      cancel()
    }
    while true {
      for device in volume.devices {
        do throws(BlockError) {
          try device.base.pump()
        } catch { note(error) }
        if let error = device.base.takeFailure() { note(error) }
      }
      // A backend that died is never done.
      let busy = volume.devices.filter { !$0.base.isDone && !$0.base.isDead }
      if busy.isEmpty { break }
      if failure == nil, let tickets, areComplete(tickets) { return }
      goOn()
      Disk.wait(busy.map { $0.base }, until: hypervisor.now + Self.sleepMax)
    }
    guard let failure else { return }
    // Those that were cancelled with it.
    for device in volume.devices { _ = device.base.takeFailure() }
    throw failure
  }

  /// Gives up what was not sent of the plans.
  func cancel() {
    for device in volume.devices { device.base.cancel() }
  }

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  func settle() -> Bool {
    var isSettled = true
    for device in volume.devices where !device.base.settle() { isSettled = false }
    return isSettled
  }

  /// Does the part of a plan that the backends can't: bytes out of metadata, runs that are not
  /// aligned or must be computed, what must be unpacked, and zeros. After the pieces are in place.
  /// Calls `goOn` now and then with the bytes that it has done.
  func finish(
    _ plan: ReadPlan, reader: inout ExtentReader<CachedDisk>, goOn: (UInt64) -> Void = { _ in }
  ) throws(BlockError) {
    var finished: UInt64 = 0
    for copy in plan.copies { try Self.store(copy.bytes, at: copy.place) }
    for run in plan.reads {
      var done: UInt64 = 0
      while done < run.byteCount {
        let count = min(run.byteCount - done, Self.bufferByteCount)
        let bytes = try volume.read(at: run.volumeByteOffset + done, count: Int(count))
        try Self.store(bytes, at: run.place.advanced(by: done))
        done += count
        finished += count
        goOn(finished)
      }
    }
    for piece in plan.unpackings {
      let bytes = try reader.read(.encoded(piece.extent))
      try Self.store(bytes, at: piece.place)
      finished += UInt64(bytes.count)
      goOn(finished)
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
      let wholeCount = (zeros.byteCount - done) / 4096
      if spot.byteOffset == 0, wholeCount > 0 {
        guard FrameWindow.zero(first: spot.frame, count: wholeCount) else {
          throw .outOfResources("pages to finish a file in")
        }
        done += wholeCount * 4096
        continue
      }
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
