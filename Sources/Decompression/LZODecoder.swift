// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// lzop's file format around blocks of LZO1X (lzop 1.04, lzop.c), unpacked by liblzo2.
final class LZODecoder {
  /// The largest block: what lzop writes, and the most that Linux's own decoder takes.
  static let blockByteCountMax = 256 * 1024

  private enum State {
    case header(LZOPHeader)
    case size
    case packedSize(byteCount: UInt32)
    case checksums(LZOPBlock)
    case block(LZOPBlock)
    case finished
  }

  private var state = State.header(LZOPHeader())
  private var collector = BlockCollector(.lzo)
  private var flags = LZOPFlags(rawValue: 0)
  /// A block that did not fit into the output, and what of it has not come out yet.
  private var buffer: DecoderBuffer?
  private var pending: Range<Int> = 0..<0

  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    var consumed = 0
    var produced = drain(to: output)
    while produced < output.count {
      let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
      guard
        let count = try step(input: input, &consumed, output: room, position: position)
      else { break }
      produced += count
    }
    var isFinished = false
    if case .finished = state { isFinished = pending.isEmpty }
    return Decoder.Progress(
      consumedByteCount: consumed, producedByteCount: produced, isFinished: isFinished)
  }

  /// Does one step and returns what came out; nil if input is missing or all is done.
  private func step(
    input: UnsafeRawBufferPointer, _ consumed: inout Int,
    output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Int? {
    switch state {
    case .header(var header):
      guard let piece = try collector.next(header.missingByteCount, from: input, at: &consumed)
      else { return nil }
      try header.take(piece, position: position + UInt64(consumed))
      state = header.isComplete ? .size : .header(header)
      flags = header.flags
    case .size:
      guard let piece = try collector.next(4, from: input, at: &consumed) else { return nil }
      let byteCount = LZOP.word(piece, 0)
      state = byteCount == 0 ? .finished : .packedSize(byteCount: byteCount)
    case .packedSize(let byteCount):
      guard let piece = try collector.next(4, from: input, at: &consumed) else { return nil }
      let block = try LZOPBlock(
        byteCount: byteCount, packedByteCount: LZOP.word(piece, 0), flags,
        position: position + UInt64(consumed))
      state = block.checksumByteCount > 0 ? .checksums(block) : .block(block)
    case .checksums(var block):
      guard let piece = try collector.next(block.checksumByteCount, from: input, at: &consumed)
      else { return nil }
      block.take(piece)
      state = .block(block)
    case .block(let block):
      guard let piece = try collector.next(block.packedByteCount, from: input, at: &consumed)
      else { return nil }
      state = .size
      return try unpack(piece, block, to: output, position: position + UInt64(consumed))
    case .finished: return nil
    }
    return 0
  }

  /// Unpacks a block to `output`, or beside it if there is not enough room.
  private func unpack(
    _ piece: UnsafeRawBufferPointer, _ block: LZOPBlock,
    to output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Int {
    let fits = output.count >= block.byteCount
    let target: UnsafeMutableRawBufferPointer
    if fits {
      target = UnsafeMutableRawBufferPointer(rebasing: output[..<block.byteCount])
    } else {
      let buffer = try spareBuffer()
      target = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<block.byteCount])
    }
    guard block.unpack(piece, to: target, flags) else {
      throw .corrupt(.lzo, position: position)
    }
    if fits { return block.byteCount }
    pending = 0..<block.byteCount
    return drain(to: output)
  }

  private func spareBuffer() throws(DecompressionError) -> DecoderBuffer {
    if let buffer { return buffer }
    let new = try DecoderBuffer(byteCount: Self.blockByteCountMax, for: .lzo)
    buffer = new
    return new
  }

  private func drain(to output: UnsafeMutableRawBufferPointer) -> Int {
    guard let buffer, !pending.isEmpty else { return 0 }
    let count = min(pending.count, output.count)
    let end = pending.lowerBound + count
    // SAFETY: count is at most what output has room for, and pending is inside the buffer.
    output.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: buffer.bytes[pending.lowerBound..<end]))
    pending = end..<pending.upperBound
    return count
  }
}
