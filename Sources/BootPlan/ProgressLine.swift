// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The line that shows how far the files of an entry are read. It is written over itself, and gone
/// at the end; a boot that is quick never shows it.
public struct ProgressLine: Equatable, Sendable {
  /// Nanoseconds between two changes, and before the first.
  public static let interval: UInt64 = 250_000_000

  private let totalByteCount: UInt64
  private let start: UInt64
  private var nextTime: UInt64
  /// Columns of the line that is shown, 0 for none.
  private var width = 0

  /// A line for files of `totalByteCount` bytes together, of which none is read at `now`, in
  /// nanoseconds.
  public init(totalByteCount: UInt64, now: UInt64) {
    self.totalByteCount = totalByteCount
    start = now
    nextTime = now &+ Self.interval
  }

  /// Whether it is time to show the line again.
  public func isDue(now: UInt64) -> Bool { now >= nextTime && totalByteCount > 0 }

  /// What to write to show the line, if `byteCount` bytes are read: it starts with a carriage
  /// return, and covers all of what was shown before.
  public mutating func update(byteCount: UInt64, now: UInt64) -> ByteString {
    nextTime = now &+ Self.interval
    let count = min(byteCount, totalByteCount)
    // Rounded down, without a product that a huge file would overflow.
    let percent =
      totalByteCount < 1 << 50
      ? count * 100 / max(totalByteCount, 1) : count / (totalByteCount / 100)
    var text: ByteString =
      "Reading: \(min(percent, 100)) %, \(Amount.megabytes(count)) of "
      + "\(Amount.megabytes(totalByteCount)) MB"
    if let speed = Amount.speed(count, nanoseconds: now > start ? now - start : 0) {
      text += ", \(speed) MB/s"
    }
    let blankCount = max(width - text.count, 0)
    width = text.count
    return "\r" + text + ByteString([UInt8](repeating: ASCII.space, count: blankCount))
  }

  /// What to write to take the line away; empty if it is not shown.
  public mutating func clear() -> ByteString {
    guard width > 0 else { return "" }
    let blanks = ByteString([UInt8](repeating: ASCII.space, count: width))
    width = 0
    return "\r" + blanks + "\r"
  }
}
