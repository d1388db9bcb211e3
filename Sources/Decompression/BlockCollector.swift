// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Gives pieces of wanted sizes of a stream that comes in pieces of any size. Only what lies across
/// the end of a piece is copied.
struct BlockCollector {
  private let format: PayloadFormat
  private var buffer: DecoderBuffer?
  private var filled = 0
  /// Whether what was collected is in the caller's memory.
  private var isOutside = false

  init(_ format: PayloadFormat) { self.format = format }

  /// Whether nothing of the next piece has come yet.
  var isEmpty: Bool { filled == 0 }

  /// The next `byteCount` bytes, more than none; nil if `input` ends before, all of which was
  /// taken then. The bytes stay until the next call, or until `input` goes. `position` is moved
  /// over what was taken.
  ///
  /// A piece that must be collected is collected in `memory`, if that is given: `byteCount` bytes,
  /// the same in all calls for one piece.
  mutating func next(
    _ byteCount: Int, from input: UnsafeRawBufferPointer, at position: inout Int,
    memory: UnsafeMutableRawBufferPointer? = nil
  ) throws(DecompressionError) -> UnsafeRawBufferPointer? {
    guard let piece = try look(byteCount, from: input, at: &position, memory: memory) else {
      return nil
    }
    // Nothing was collected: the piece lies in the input.
    if filled == 0 { position += byteCount }
    filled = 0
    isOutside = false
    return piece
  }

  /// The same, but the piece is given again by the next call.
  mutating func look(
    _ byteCount: Int, from input: UnsafeRawBufferPointer, at position: inout Int,
    memory: UnsafeMutableRawBufferPointer? = nil
  ) throws(DecompressionError) -> UnsafeRawBufferPointer? {
    let rest = input.count - position
    if filled == 0, rest >= byteCount {
      return UnsafeRawBufferPointer(rebasing: input[position..<position + byteCount])
    }
    let target: UnsafeMutableRawBufferPointer
    if let memory, filled == 0 || isOutside {
      isOutside = true
      buffer = nil
      target = memory
    } else {
      target = try room(byteCount)
    }
    let count = min(byteCount - filled, rest)
    if count > 0 {
      // SAFETY: filled + count is at most byteCount, for which there is room.
      UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[position..<position + count]))
      filled += count
      position += count
    }
    guard filled == byteCount else { return nil }
    return UnsafeRawBufferPointer(rebasing: target[..<byteCount])
  }

  /// A buffer of at least `byteCount` bytes, with what was collected in it.
  private mutating func room(
    _ byteCount: Int
  ) throws(DecompressionError) -> UnsafeMutableRawBufferPointer {
    if let buffer, buffer.bytes.count >= byteCount { return buffer.bytes }
    // A piece is asked for with the same size until it is there, so nothing is in the old one.
    precondition(filled == 0, "another size in the middle of a piece")
    buffer = nil
    let larger = try DecoderBuffer(byteCount: byteCount, for: format)
    buffer = larger
    return larger.bytes
  }
}
