// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// zlib's `inflate` for one gzip member (RFC 1952).
final class GzipDecoder {
  /// 15 for the largest window, 16 to ask for a gzip header and trailer (zlib.h).
  private static let windowBits: Int32 = 15 + 16

  /// On the heap, because zlib keeps its address and checks it.
  private let stream: UnsafeMutablePointer<z_stream>

  init() throws(DecompressionError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard pvgrub_inflate_init(stream, Self.windowBits) == Z_OK else {
      stream.deallocate()
      throw .outOfMemory(.gzip)
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    // zlib counts in 32 bits; what is beyond has its turn in the next call.
    let inputCount = UInt32(clamping: input.count)
    let outputCount = UInt32(clamping: output.count)
    // SAFETY: zlib only reads through next_in, in spite of its type; both counts are the buffers'.
    stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
      .assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = inputCount
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = outputCount
    guard input.baseAddress != nil || inputCount == 0, output.baseAddress != nil else {
      return Decoder.Progress(consumedByteCount: 0, producedByteCount: 0, isFinished: false)
    }

    let status = inflate(stream, Z_NO_FLUSH)
    let consumed = Int(inputCount) - Int(stream.pointee.avail_in)
    let produced = Int(outputCount) - Int(stream.pointee.avail_out)
    switch status {
    case Z_OK, Z_BUF_ERROR, Z_STREAM_END:
      return Decoder.Progress(
        consumedByteCount: consumed, producedByteCount: produced,
        isFinished: status == Z_STREAM_END)
    case Z_MEM_ERROR: throw .outOfMemory(.gzip)
    default: throw .corrupt(.gzip, position: position + UInt64(consumed))
    }
  }
}
