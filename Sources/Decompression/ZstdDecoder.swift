// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// libzstd's decoder for one frame (RFC 8878), block by block. What came out before is its window,
/// so it needs none of its own, whatever size the frame asks for.
final class ZstdDecoder {
  /// What a block unpacks to at most.
  static var blockByteCountMax: Int { Int(ZSTD_BLOCKSIZE_MAX) }

  /// The memory in bytes of libzstd's state.
  static var stateByteCount: Int { ZSTD_estimateDCtxSize() }

  /// The unpacked size that a frame's header tells of; nil if it does not.
  static func contentByteCount(_ head: ByteView) -> UInt64? {
    head.withBytes { bytes in
      // ZSTD_CONTENTSIZE_UNKNOWN and ZSTD_CONTENTSIZE_ERROR are the two largest numbers.
      let size = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
      return size < UInt64.max - 1 ? size : nil
    }
  }

  /// libzstd's state: it allocates nothing itself, which also rules out its decoders for formats
  /// before version 0.8.
  private let state: DecoderBuffer
  private let context: OpaquePointer
  private var collector = BlockCollector(.zstd)
  private var headBuffer: DecoderBuffer?
  private var headCount = 0
  private var headIsDue = false

  init() throws(DecompressionError) {
    state = try DecoderBuffer(byteCount: Self.stateByteCount, for: .zstd)
    guard let context = ZSTD_initStaticDCtx(state.bytes.baseAddress, state.bytes.count),
      ZSTD_isError(ZSTD_decompressBegin(context)) == 0
    else { throw .outOfMemory(.zstd) }
    self.context = context
  }

  /// The first bytes of what comes out, as far as `decodeHead` has unpacked them.
  var head: UnsafeRawBufferPointer {
    guard let headBuffer else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: headBuffer.bytes[..<headCount])
  }

  /// Unpacks another block to `head`, which keeps it: later blocks refer to it. Finished at the end
  /// of the frame.
  func decodeHead(
    input: UnsafeRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    precondition(headCount <= Decoder.headByteCountMax, "more of a head than there can be")
    let buffer: DecoderBuffer
    if let headBuffer {
      buffer = headBuffer
    } else {
      buffer = try DecoderBuffer(
        byteCount: Decoder.headByteCountMax + Self.blockByteCountMax, for: .zstd)
      headBuffer = buffer
      headIsDue = true
    }
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[headCount...])
    let progress = try decodeBlock(input: input, output: room, position: position)
    headCount += progress.producedByteCount
    return Decoder.Progress(
      consumedByteCount: progress.consumedByteCount, producedByteCount: 0,
      isFinished: progress.isFinished)
  }

  /// Unpacks a block to `output`, which starts where the last one ended. Before the first, the head
  /// is copied there.
  func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    guard headIsDue else {
      return try decodeBlock(input: input, output: output, position: position)
    }
    guard output.count >= headCount else {
      throw .longerThanExpected(.zstd, byteCount: UInt64(output.count))
    }
    headIsDue = false
    // SAFETY: there is room. The buffer stays for the blocks that refer to it.
    output.copyMemory(from: head)
    return Decoder.Progress(
      consumedByteCount: 0, producedByteCount: headCount,
      isFinished: ZSTD_nextSrcSizeToDecompress(context) == 0)
  }

  /// Unpacks until a block has come out, the frame ends, or input is missing.
  private func decodeBlock(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer, position: UInt64
  ) throws(DecompressionError) -> Decoder.Progress {
    var consumed = 0
    var produced = 0
    // Each turn but the last takes a byte at least.
    while produced == 0 {
      let wanted = ZSTD_nextSrcSizeToDecompress(context)
      guard wanted > 0 else { break }
      guard let piece = try collector.next(wanted, from: input, at: &consumed) else { break }
      // SAFETY: libzstd reads the piece and writes at most output.count bytes.
      let result = ZSTD_decompressContinue(
        context, output.baseAddress, output.count, piece.baseAddress, piece.count)
      guard ZSTD_isError(result) == 0 else {
        throw failure(result, position: position + UInt64(consumed), room: output.count)
      }
      produced += result
    }
    return Decoder.Progress(
      consumedByteCount: consumed, producedByteCount: produced,
      isFinished: ZSTD_nextSrcSizeToDecompress(context) == 0)
  }

  private func failure(_ result: Int, position: UInt64, room: Int) -> DecompressionError {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_prefix_unknown: .wrongMagic(.zstd)
    case ZSTD_error_version_unsupported, ZSTD_error_frameParameter_unsupported,
      ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_dictionary_wrong:
      .unsupportedOption(.zstd, position: position)
    case ZSTD_error_dstSize_tooSmall: .longerThanExpected(.zstd, byteCount: UInt64(room))
    case ZSTD_error_memory_allocation: .outOfMemory(.zstd)
    default: .corrupt(.zstd, position: position)
    }
  }
}
