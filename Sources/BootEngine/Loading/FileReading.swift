// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// A file on its way into frames: asked for as a whole, or in parts.
struct FileReading<M: Machine> {
  /// A part that was asked for.
  private struct Part {
    let plan: ReadPlan
    let tickets: FileDisks<M>.Tickets
  }

  let file: GuestFile<M>
  private let machine: M
  /// The disks that the file is on; nil for a stream.
  private let disks: FileDisks<M>?
  private let frames: ArraySlice<FrameNumber>
  private var rest: ExtentQueue
  private var submittedByteCount: UInt64 = 0
  private var parts: [Part] = []

  /// All of `file`, which `frames` are for.
  init(_ file: GuestFile<M>, into frames: ArraySlice<FrameNumber>, on machine: M) {
    self.file = file
    self.machine = machine
    self.frames = frames
    disks = file.volume.map { FileDisks($0) }
    rest = ExtentQueue(file.extents)
  }

  /// Keeps the file's disks busy.
  func pump() { disks?.pump() }

  /// Whether the file is on disks, none of which has gone.
  var areDisksConnected: Bool { disks?.areConnected ?? false }

  /// Whether all of the file was asked for.
  var isSubmitted: Bool {
    disks == nil || submittedByteCount == file.byteCount && !parts.isEmpty
  }

  /// Whether a part of it was asked for.
  var hasBegun: Bool { !parts.isEmpty }

  /// Whether the part that was asked for last is there, or has failed.
  var isLastPartSettled: Bool {
    guard let last = parts.last, let disks else { return true }
    if case .pending = disks.state(of: last.tickets) { return false }
    return true
  }

  /// Asks for the next part: `byteCountMax` bytes, a multiple of a page, or what is left. After an
  /// error the part counts as not asked for.
  mutating func submit(byteCountMax: UInt64 = .max) throws(BlockError) {
    guard let disks else { return }
    let count = min(byteCountMax, file.byteCount - submittedByteCount)
    let first = frames.startIndex + Int(submittedByteCount / Page.byteCount)
    let end = first + Int(Page.count(ofBytes: count))
    var rest = rest
    let plan = try ReadPlan(
      rest.take(byteCount: count), on: disks.volume,
      target: ReadPlan.Target(frames: FrameRange.runs(frames[first..<end])))
    let tickets = try disks.submit(plan)
    self.rest = rest
    submittedByteCount += count
    parts.append(Part(plan: plan, tickets: tickets))
  }

  /// Waits for all that was asked for, and does what backends can't. Calls `goOn` now and then with
  /// the bytes of the file that are there. After an error nothing of the file is under way.
  mutating func finish(goOn: (() -> UInt64) throws(BlockError) -> Void) throws(BlockError) {
    if case .stream(let stream) = file.source {
      return try machine.fill(frames, from: stream, byteCount: file.byteCount) {
        count throws(BlockError) in try goOn { count }
      }
    }
    guard let disks else { return }
    var done: UInt64 = 0
    var remainder = PlanRemainder(disks.volume, on: machine)
    while let part = parts.first {
      do throws(BlockError) {
        try disks.finish(part.tickets, on: machine) { () throws(BlockError) in
          try goOn { done + disks.completedByteCount(of: part.tickets) }
        }
        let direct = part.plan.pieceByteCount
        try remainder.finish(part.plan) { count throws(BlockError) in
          try goOn { done + direct + count }
        }
        done += direct
      } catch {
        parts.removeFirst()
        drop()
        throw error
      }
      parts.removeFirst()
    }
  }

  /// Makes the reads that were asked for count as failed, for the self-test.
  mutating func failForTest() throws(BlockError) {
    drop()
    throw .outOfResources("self-test: the step 'read-ahead' fails")
  }

  /// Gives up what is under way, and waits until no frame is in a backend's hands.
  mutating func drop() {
    for part in parts { disks?.drop(part.tickets, on: machine) }
    parts = []
    submittedByteCount = 0
    rest = ExtentQueue(file.extents)
  }
}
