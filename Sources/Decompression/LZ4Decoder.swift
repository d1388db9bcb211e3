// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// LZ4's legacy frames (lz4_Frame_format.md, "Legacy frame"): a magic number, then blocks of a size
/// field and packed data, with no mark at the end. A frame may follow another.
final class LZ4Decoder {
  /// What each block but the last unpacks to.
  static let blockByteCount = 8 << 20
  /// The most packed bytes that a block can have.
  static var packedByteCountMax: Int { Int(pvgrub_lz4_bound(Int32(blockByteCount))) }

  /// What must be after a block's output for its packed bytes to lie at the end of both: lz4.h,
  /// LZ4_DECOMPRESS_INPLACE_MARGIN.
  static var marginByteCount: Int { packedByteCountMax / 256 + 32 }

  private static let magic: UInt32 = 0x184c_2102

  private enum State {
    case magic
    case size
    case block(byteCount: Int)
  }

  private var state = State.magic
  private var collector = BlockCollector(.lz4)
  private let memoryLimit: UInt64
  private var blockCount = 0
  private var headBuffer: DecoderBuffer?
  /// The first bytes of what comes out, as far as `decodeHead` has unpacked them.
  private(set) var head = UnsafeRawBufferPointer(start: nil, count: 0)

  init(memoryLimit: UInt64) { self.memoryLimit = memoryLimit }

  /// Whether the data may end here.
  var isBetweenBlocks: Bool {
    guard case .size = state else { return false }
    return collector.isEmpty && blockCount > 0
  }

  /// Unpacks the start of the first block to `head`; all of it comes out again by `decode`.
  /// Finished when there is a head.
  func decodeHead(
    input: UnsafeRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    var consumed = 0
    let byteCount = try blockByteCount(input, &consumed, position)
    guard let byteCount, let block = try collector.look(byteCount, from: input, at: &consumed)
    else {
      return Decoder.Progress(
        consumedByteCount: consumed, producedByteCount: 0, isFinished: false)
    }
    let buffer = try DecoderBuffer(byteCount: Decoder.headByteCountMax, for: .lz4)
    headBuffer = buffer
    let count = Int(
      // SAFETY: LZ4 reads the block and writes at most what the buffer has; both fit into 32 bits.
      LZ4_decompress_safe_partial(
        block.assumingMemoryBound(to: CChar.self).baseAddress,
        buffer.bytes.assumingMemoryBound(to: CChar.self).baseAddress, Int32(block.count),
        Int32(buffer.bytes.count), Int32(buffer.bytes.count)))
    guard count >= 0, count <= buffer.bytes.count else {
      throw .corrupt(.lz4, position: position + UInt64(consumed))
    }
    head = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
    return Decoder.Progress(consumedByteCount: consumed, producedByteCount: 0, isFinished: true)
  }

  /// Unpacks whole blocks to `output`.
  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    headBuffer = nil
    head = UnsafeRawBufferPointer(start: nil, count: 0)
    var consumed = 0
    var produced = 0
    // One block a call: the caller may have to find room for the next.
    if let byteCount = try blockByteCount(input, &consumed, position),
      let block = try collector.next(
        byteCount, from: input, at: &consumed, memory: end(of: output, byteCount))
    {
      produced = unpack(block, to: output)
      guard produced >= 0 else {
        throw failure(block, output, position: position + UInt64(consumed))
      }
      blockCount += 1
      state = .size
    }
    return Decoder.Progress(
      consumedByteCount: consumed, producedByteCount: produced, isFinished: false)
  }

  /// The bytes that may come out of a block.
  private func capacity(_ output: UnsafeMutableRawBufferPointer) -> Int {
    max(0, min(output.count - Self.marginByteCount, Self.blockByteCount))
  }

  /// Where a block of `byteCount` packed bytes is collected: at the end of its output and the
  /// margin. What comes out never overtakes what is read.
  private func end(
    of output: UnsafeMutableRawBufferPointer, _ byteCount: Int
  ) -> UnsafeMutableRawBufferPointer? {
    let end = capacity(output) + Self.marginByteCount
    guard end <= output.count, byteCount <= end else { return nil }
    return UnsafeMutableRawBufferPointer(rebasing: output[end - byteCount..<end])
  }

  /// The packed size of the block that is next or under way; nil if more input is needed to know.
  private func blockByteCount(
    _ input: UnsafeRawBufferPointer, _ consumed: inout Int, _ position: UInt64
  ) throws(DecompressionError) -> Int? {
    while true {
      switch state {
      case .magic:
        guard let word = try word(input, &consumed) else { return nil }
        guard word == Self.magic else { throw .wrongMagic(.lz4) }
        state = .size
      case .size:
        guard let word = try word(input, &consumed) else { return nil }
        // A frame may follow another.
        if word == Self.magic { continue }
        try checkSize(word, position + UInt64(consumed))
        state = .block(byteCount: Int(word))
      case .block(let byteCount): return byteCount
      }
    }
  }

  private func word(
    _ input: UnsafeRawBufferPointer, _ consumed: inout Int
  ) throws(DecompressionError) -> UInt32? {
    guard let bytes = try collector.next(4, from: input, at: &consumed) else { return nil }
    // SAFETY: the collector gave four bytes.
    return bytes.loadUnaligned(as: UInt32.self).littleEndian
  }

  private func checkSize(_ word: UInt32, _ position: UInt64) throws(DecompressionError) {
    guard word > 0, word <= Self.packedByteCountMax else {
      throw .corrupt(.lz4, position: position)
    }
    let needed = UInt64(word)
    guard needed <= memoryLimit else {
      throw .memoryLimit(.lz4, needed: needed, limit: memoryLimit)
    }
  }

  /// The number of bytes that `block` gives; negative if it is damaged or gives more than fit.
  private func unpack(
    _ block: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Int {
    let capacity = capacity(output)
    // SAFETY: LZ4 reads block.count bytes and writes at most capacity; both fit into 32 bits.
    return Int(
      LZ4_decompress_safe(
        block.assumingMemoryBound(to: CChar.self).baseAddress,
        output.assumingMemoryBound(to: CChar.self).baseAddress, Int32(block.count),
        Int32(capacity)))
  }

  /// Why a block did not unpack to `output`: it is damaged, or gives more than fits. One that was
  /// collected in `output` is gone.
  private func failure(
    _ block: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, position: UInt64
  ) -> DecompressionError {
    let capacity = capacity(output)
    let isInPlace = block.baseAddress == UnsafeRawPointer(end(of: output, block.count)?.baseAddress)
    guard capacity < Self.blockByteCount, !isInPlace else {
      return .corrupt(.lz4, position: position)
    }
    // SAFETY: as in unpack; this one stops where output ends.
    let count = LZ4_decompress_safe_partial(
      block.assumingMemoryBound(to: CChar.self).baseAddress,
      output.assumingMemoryBound(to: CChar.self).baseAddress, Int32(block.count),
      Int32(capacity), Int32(capacity))
    return count == capacity
      ? .longerThanExpected(.lz4, byteCount: UInt64(capacity))
      : .corrupt(.lz4, position: position)
  }
}
