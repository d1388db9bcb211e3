// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// liblzma's decoders: for one .xz stream, or one in the format of lzma-utils.
final class LZMADecoder {
  private let format: PayloadFormat
  /// On the heap, so that its address stays the same for liblzma.
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let memoryLimit: UInt64

  /// A decoder for `format`, xz or lzma.
  init(_ format: PayloadFormat, memoryLimit: UInt64) throws(DecompressionError) {
    self.format = format
    self.memoryLimit = memoryLimit
    stream = .allocate(capacity: 1)
    stream.initialize(to: lzma_stream())
    let limit = max(1, memoryLimit)
    let status =
      format == .xz ? lzma_stream_decoder(stream, limit, 0) : lzma_alone_decoder(stream, limit)
    guard status == LZMA_OK else {
      stream.deallocate()
      throw .outOfMemory(format)
    }
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    // SAFETY: both counts are the buffers'.
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = input.count
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = output.count

    let status = lzma_code(stream, LZMA_RUN)
    let consumed = input.count - stream.pointee.avail_in
    let produced = output.count - stream.pointee.avail_out
    switch status {
    case LZMA_OK, LZMA_BUF_ERROR, LZMA_STREAM_END:
      return Decoder.Progress(
        consumedByteCount: consumed, producedByteCount: produced,
        isFinished: status == LZMA_STREAM_END)
    case LZMA_MEM_ERROR: throw .outOfMemory(format)
    case LZMA_MEMLIMIT_ERROR:
      throw .memoryLimit(format, needed: lzma_memusage(stream), limit: memoryLimit)
    case LZMA_FORMAT_ERROR: throw .wrongMagic(format)
    case LZMA_OPTIONS_ERROR:
      throw .unsupportedOption(format, position: position + UInt64(consumed))
    default: throw .corrupt(format, position: position + UInt64(consumed))
    }
  }
}
