// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import DomainBuilder
import FileSystem
import XenFrontends

/// A file on its way into frames: asked for as a whole, or in parts.
struct FileReading {
  let file: GuestFile
  private let frames: ArraySlice<UInt64>
  private var rest: ExtentQueue
  private var submittedByteCount: UInt64 = 0
  private var plans: [ReadPlan] = []

  /// All of `file`, which `frames` are for.
  init(_ file: GuestFile, into frames: ArraySlice<UInt64>) {
    self.file = file
    self.frames = frames
    rest = ExtentQueue(file.extents)
  }

  /// Whether all of the file was asked for.
  var isSubmitted: Bool { submittedByteCount == file.byteCount && !plans.isEmpty }

  /// Asks for the next part: `byteCountMax` bytes, a multiple of 4096, or what is left. After an
  /// error the part counts as not asked for.
  @discardableResult
  mutating func submit(byteCountMax: UInt64 = .max) throws(BlockError) -> [DiskTicket] {
    let count = min(byteCountMax, file.byteCount - submittedByteCount)
    let first = frames.startIndex + Int(submittedByteCount / 4096)
    let end = first + Int((count + 4095) / 4096)
    var rest = rest
    let plan = try ReadPlan(
      rest.take(byteCount: count), on: file.volume,
      target: ReadPlan.Target(frames: BlockIO.FrameRange.runs(frames[first..<end])))
    let tickets = try file.disks.submit(plan)
    self.rest = rest
    submittedByteCount += count
    plans.append(plan)
    return tickets
  }

  /// Does what the backends could not. After all that was asked for is there. Calls `goOn` now and
  /// then with the bytes of this that are done.
  func finish(goOn: (UInt64) -> Void) throws(BlockError) {
    var reader = ExtentReader(file.volume)
    for plan in plans { try file.disks.finish(plan, reader: &reader, goOn: goOn) }
  }
}
