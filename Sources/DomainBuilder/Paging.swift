// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The shape of x86-64's four levels of page tables, level 1 at the bottom.
enum Paging {
  /// The highest level.
  static let levelCount = 4
  /// The number of entries of a table.
  static let entryCount = 512
  /// The number of address bits that are translated.
  static let addressBitCount: UInt64 = 48

  /// The number of address bits below those that number the tables of `level`.
  static func spanShift(level: Int) -> UInt64 { 12 + 9 * UInt64(level) }

  /// The part of `address` that is translated.
  static func translated(_ address: UInt64) -> UInt64 { address & (1 << addressBitCount - 1) }

  /// Whether all of `byteCount` bytes at `address` are at canonical addresses that belong to the
  /// guest: not in the slots 256 to 271 of the level 4 table, which are Xen's.
  static func isGuestOwned(_ address: UInt64, byteCount: UInt64) -> Bool {
    guard byteCount > 0 else { return true }
    let (last, overflow) = address.addingReportingOverflow(byteCount - 1)
    let lowEnd: UInt64 = 0x0000_8000_0000_0000
    let highStart: UInt64 = 0xffff_8800_0000_0000
    return !overflow && (last < lowEnd || address >= highStart)
  }
}

/// Frames at consecutive virtual addresses, all mapped.
public struct VirtualMapping: Equatable, Sendable {
  /// The virtual address of the first page.
  public let address: UInt64
  /// The frames, in order of addresses.
  public let frames: FrameRange

  /// The number of the first page among the 2^36 that are translated.
  var firstPage: UInt64 { Paging.translated(address) >> 12 }

  /// The frame of page number `page`; nil if the mapping is elsewhere.
  func frame(ofPage page: UInt64) -> UInt64? {
    guard page >= firstPage, page - firstPage < frames.frameCount else { return nil }
    return frames.lowerBound + (page - firstPage)
  }
}

/// Tables of one level at consecutive frames, for consecutive spans of addresses.
public struct TableRun: Equatable, Sendable {
  /// 4 for the root down to 1.
  public let level: Int
  /// The number of the first table's span: its lowest translated address over the size of a span.
  public let firstSpan: UInt64
  /// Where the tables are.
  public let frames: FrameRange

  /// The frame of the table for span number `span`; nil if it is not among these.
  func frame(ofSpan span: UInt64) -> UInt64? {
    guard span >= firstSpan, span - firstSpan < frames.frameCount else { return nil }
    return frames.lowerBound + (span - firstSpan)
  }

  /// The tables that map `byteCount` bytes at `address`, from the root down, at frames from
  /// `firstFrame` on; without those that `existing` has already. Xen's builder orders them so.
  static func tables(
    address: UInt64, byteCount: UInt64, firstFrame: UInt64, existing: [TableRun]
  ) -> [TableRun] {
    var result: [TableRun] = []
    var nextFrame = firstFrame
    let first = Paging.translated(address)
    let last = first + (byteCount - 1)
    for level in stride(from: Paging.levelCount, through: 1, by: -1) {
      let shift = Paging.spanShift(level: level)
      var low = first >> shift
      var end = (last >> shift) + 1
      for run in existing where run.level == level {
        let runEnd = run.firstSpan + run.frames.frameCount
        if low >= run.firstSpan, low < runEnd { low = min(end, runEnd) }
        if end > run.firstSpan, end <= runEnd { end = max(low, run.firstSpan) }
      }
      guard low < end else { continue }
      let frames = FrameRange(first: nextFrame, frameCount: end - low)
      result.append(TableRun(level: level, firstSpan: low, frames: frames))
      nextFrame = frames.upperBound
    }
    return result
  }
}
