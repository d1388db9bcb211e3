// SPDX-License-Identifier: GPL-2.0-or-later
import CDecoders

/// libdeflate for one gzip member (RFC 1952) whose size is known: all of it is gathered, then
/// unpacked in one call, in a third of zlib's time. zlib unpacks the first bytes, and finds the
/// place of what is wrong.
final class WholeGzipDecoder {
  private let packed: DecoderBuffer
  private let state: OpaquePointer
  private var gathered = 0
  private var headBuffer: DecoderBuffer?
  private var headCount = 0
  private var isFinished = false

  /// A decoder of `byteCount` packed bytes, more than none.
  init(byteCount: Int) throws(DecompressionError) {
    packed = try DecoderBuffer(byteCount: byteCount, for: .gzip)
    guard let state = libdeflate_alloc_decompressor() else { throw .outOfMemory(.gzip) }
    self.state = state
  }

  deinit { libdeflate_free_decompressor(state) }

  /// The first bytes of what comes out, as far as `decodeHead` has unpacked them.
  var head: UnsafeRawBufferPointer {
    guard let headBuffer else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: headBuffer.bytes[..<headCount])
  }

  /// Gathers `input`, and unpacks the start of what is there to `head`. Finished when the head has
  /// its full length, or all is there.
  func decodeHead(input: UnsafeRawBufferPointer) throws(DecompressionError) -> Decoder.Progress {
    let taken = gather(input)
    let buffer = try DecoderBuffer(byteCount: Decoder.headByteCountMax, for: .gzip)
    let zlib = try GzipDecoder()
    let there = UnsafeRawBufferPointer(rebasing: packed.bytes[..<gathered])
    headCount = try zlib.decode(input: there, output: buffer.bytes, position: 0).producedByteCount
    headBuffer = buffer
    return Decoder.Progress(
      consumedByteCount: taken, producedByteCount: 0,
      isFinished: headCount == buffer.bytes.count || gathered == packed.bytes.count)
  }

  /// Gathers `input`; when all is there, unpacks it to `output`, which has room for all.
  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> Decoder.Progress {
    headBuffer = nil
    headCount = 0
    let taken = gather(input)
    guard gathered == packed.bytes.count, !isFinished else {
      return Decoder.Progress(
        consumedByteCount: taken, producedByteCount: 0, isFinished: isFinished)
    }
    var packedCount = 0
    var count = 0
    // SAFETY: libdeflate reads the packed bytes and writes at most output.count bytes.
    let result = libdeflate_gzip_decompress_ex(
      state, packed.bytes.baseAddress, packed.bytes.count, output.baseAddress, output.count,
      &packedCount, &count)
    switch result {
    case LIBDEFLATE_SUCCESS: break
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw .longerThanExpected(.gzip, byteCount: UInt64(output.count))
    default: throw try failure()
    }
    isFinished = true
    return Decoder.Progress(consumedByteCount: taken, producedByteCount: count, isFinished: true)
  }

  /// Takes what belongs to the packed data, and gives its number of bytes.
  private func gather(_ input: UnsafeRawBufferPointer) -> Int {
    let count = min(input.count, packed.bytes.count - gathered)
    if count > 0 {
      // SAFETY: gathered + count is at most the buffer's size.
      UnsafeMutableRawBufferPointer(rebasing: packed.bytes[gathered..<gathered + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
      gathered += count
    }
    return count
  }

  /// What zlib says of the data that libdeflate refused, with its place.
  private func failure() throws(DecompressionError) -> DecompressionError {
    let zlib = try GzipDecoder()
    let scratch = try DecoderBuffer(byteCount: Decoder.headByteCountMax, for: .gzip)
    var position = 0
    // Each turn takes bytes or gives some, and zlib gives at most 1032 times what it takes.
    while position < gathered {
      let rest = UnsafeRawBufferPointer(rebasing: packed.bytes[position..<gathered])
      let progress = try zlib.decode(
        input: rest, output: scratch.bytes, position: UInt64(position))
      if progress.isFinished { break }
      if progress.consumedByteCount == 0, progress.producedByteCount == 0 { break }
      position += progress.consumedByteCount
    }
    return .corrupt(.gzip, position: UInt64(position))
  }
}
