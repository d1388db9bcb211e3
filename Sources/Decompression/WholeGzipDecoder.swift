// SPDX-License-Identifier: GPL-2.0-or-later
import CDecoders

/// libdeflate for one gzip member (RFC 1952) whose sizes are known: all of it is gathered, then
/// unpacked in one call, in a third of zlib's time. zlib unpacks the first bytes.
///
/// It is gathered at the end of the room for the output, and overwritten by what comes out of it.
/// As what is left never unpacks to much less than it takes itself, the output stays after the
/// place that is read from if there is a margin, Linux's (arch/x86/boot/header.S): 64 KiB, and one
/// byte in 256. Data that was made to break this ends in a wrong checksum.
final class WholeGzipDecoder {
  private static let headPackedByteCountMax = 2 * Decoder.headByteCountMax

  private let packedByteCount: Int
  private let unpackedByteCount: Int
  private let state: OpaquePointer
  private var gathered = 0
  /// The first packed bytes and what comes out of them, until there is room for the output.
  private var headPacked: DecoderBuffer?
  private var headBuffer: DecoderBuffer?
  private var headCount = 0
  private var isFinished = false

  /// The bytes of room that are needed after `byteCount` of output.
  static func margin(_ byteCount: Int) -> Int { byteCount / 256 + (64 << 10) }

  /// A decoder of that many packed bytes, more than none.
  init(_ byteCounts: Decoder.WholeByteCounts) throws(DecompressionError) {
    packedByteCount = byteCounts.packed
    unpackedByteCount = byteCounts.unpacked
    guard let state = libdeflate_alloc_decompressor() else { throw .outOfMemory(.gzip) }
    self.state = state
  }

  deinit { libdeflate_free_decompressor(state) }

  /// The first bytes of what comes out, as far as `decodeHead` has unpacked them.
  var head: UnsafeRawBufferPointer {
    guard let headBuffer else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: headBuffer.bytes[..<headCount])
  }

  /// Keeps the first packed bytes, and unpacks what is there to `head`. Finished when the head has
  /// its full length, or no more is kept.
  func decodeHead(input: UnsafeRawBufferPointer) throws(DecompressionError) -> Decoder.Progress {
    let limit = min(packedByteCount, Self.headPackedByteCountMax)
    let packed: DecoderBuffer
    if let headPacked {
      packed = headPacked
    } else {
      packed = try DecoderBuffer(byteCount: limit, for: .gzip)
      headPacked = packed
    }
    let taken = gather(input, to: packed.bytes)
    let buffer = try DecoderBuffer(byteCount: Decoder.headByteCountMax, for: .gzip)
    let zlib = try GzipDecoder()
    let there = UnsafeRawBufferPointer(rebasing: packed.bytes[..<gathered])
    headCount = try zlib.decode(input: there, output: buffer.bytes, position: 0).producedByteCount
    headBuffer = buffer
    return Decoder.Progress(
      consumedByteCount: taken, producedByteCount: 0,
      isFinished: headCount == buffer.bytes.count || gathered == limit)
  }

  /// Gathers `input`; when all is there, unpacks it to `output`, which is the same in all calls and
  /// has room for all and the margin after.
  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> Decoder.Progress {
    headBuffer = nil
    headCount = 0
    let room = unpackedByteCount
    precondition(
      output.count >= room + Self.margin(room) && output.count >= packedByteCount,
      "no room for the packed data")
    let packed = UnsafeMutableRawBufferPointer(
      rebasing: output[(output.count - packedByteCount)...])
    if let headPacked {
      // SAFETY: what was gathered is no more than either buffer has.
      packed.copyMemory(from: UnsafeRawBufferPointer(rebasing: headPacked.bytes[..<gathered]))
      self.headPacked = nil
    }
    let taken = gather(input, to: packed)
    guard gathered == packedByteCount, !isFinished else {
      return Decoder.Progress(
        consumedByteCount: taken, producedByteCount: 0, isFinished: isFinished)
    }
    var packedCount = 0
    var count = 0
    // SAFETY: libdeflate reads the packed bytes and writes at most room bytes of output, whatever
    // the packed bytes are: they may change under it.
    let result = libdeflate_gzip_decompress_ex(
      state, packed.baseAddress, packed.count, output.baseAddress, room, &packedCount, &count)
    switch result {
    case LIBDEFLATE_SUCCESS: break
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw .longerThanExpected(.gzip, byteCount: UInt64(room))
    // Where is not known, and can't be found any more: unpack it as a stream to know.
    default: throw .corrupt(.gzip, position: 0)
    }
    isFinished = true
    return Decoder.Progress(consumedByteCount: taken, producedByteCount: count, isFinished: true)
  }

  /// Takes what belongs to the packed data as far as `buffer` has room for it, and gives its number
  /// of bytes.
  private func gather(
    _ input: UnsafeRawBufferPointer, to buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = min(input.count, buffer.count - gathered)
    if count > 0 {
      // SAFETY: gathered + count is at most the buffer's size.
      UnsafeMutableRawBufferPointer(rebasing: buffer[gathered..<gathered + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
      gathered += count
    }
    return count
  }
}
