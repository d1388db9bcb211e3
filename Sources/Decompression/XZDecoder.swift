// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// liblzma's stream decoder for one .xz stream.
final class XZDecoder {
  /// On the heap, so that its address stays the same for liblzma.
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let memoryLimit: UInt64

  init(memoryLimit: UInt64) throws(DecompressionError) {
    self.memoryLimit = memoryLimit
    stream = .allocate(capacity: 1)
    stream.initialize(to: lzma_stream())
    guard lzma_stream_decoder(stream, max(1, memoryLimit), 0) == LZMA_OK else {
      stream.deallocate()
      throw .outOfMemory(.xz)
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
    case LZMA_MEM_ERROR: throw .outOfMemory(.xz)
    case LZMA_MEMLIMIT_ERROR:
      throw .memoryLimit(.xz, needed: lzma_memusage(stream), limit: memoryLimit)
    case LZMA_FORMAT_ERROR: throw .wrongMagic(.xz)
    case LZMA_OPTIONS_ERROR:
      throw .unsupportedOption(.xz, position: position + UInt64(consumed))
    default: throw .corrupt(.xz, position: position + UInt64(consumed))
    }
  }
}
