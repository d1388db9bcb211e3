// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// libbz2's decoder for one bzip2 stream.
final class Bzip2Decoder {
  /// On the heap, because libbz2 keeps its address and checks it.
  private let stream: UnsafeMutablePointer<bz_stream>

  init() throws(DecompressionError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: bz_stream())
    // Not verbose, and with the quick algorithm, which needs 4 bytes for each of a block.
    guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else {
      stream.deallocate()
      throw .outOfMemory(.bzip2)
    }
  }

  deinit {
    BZ2_bzDecompressEnd(stream)
    stream.deallocate()
  }

  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    // libbz2 counts in 32 bits; what is beyond has its turn in the next call.
    let inputCount = UInt32(clamping: input.count)
    let outputCount = UInt32(clamping: output.count)
    // SAFETY: libbz2 only reads through next_in, in spite of its type; the counts are the buffers'.
    stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
      .assumingMemoryBound(to: CChar.self)
    stream.pointee.avail_in = inputCount
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
    stream.pointee.avail_out = outputCount
    let status = BZ2_bzDecompress(stream)
    let consumed = Int(inputCount) - Int(stream.pointee.avail_in)
    let produced = Int(outputCount) - Int(stream.pointee.avail_out)
    switch status {
    case BZ_OK, BZ_STREAM_END:
      return Decoder.Progress(
        consumedByteCount: consumed, producedByteCount: produced,
        isFinished: status == BZ_STREAM_END)
    case BZ_MEM_ERROR: throw .outOfMemory(.bzip2)
    case BZ_DATA_ERROR_MAGIC where position == 0: throw .wrongMagic(.bzip2)
    default: throw .corrupt(.bzip2, position: position + UInt64(consumed))
    }
  }
}
