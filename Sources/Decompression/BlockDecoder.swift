// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// Unpacks the small blocks that file systems pack their files in, each in one call.
public enum BlockDecoder {
  /// What liblzma may use for one block: file systems' dictionaries are as large as their blocks,
  /// which have 1 MiB at most, and EROFS's 8 MiB.
  public static let lzmaMemoryByteCountMax: UInt64 = 9 << 20

  /// What `packed` unpacks to, at most `byteCountMax` bytes. Bytes after the end of the packed
  /// data do not matter: file systems fill sectors up.
  public static func decode(
    _ packed: ArraySlice<UInt8>, _ format: BlockFormat, byteCountMax: Int
  ) throws(BlockDecodingError) -> [UInt8] {
    if byteCountMax <= 0 { return [] }
    guard !packed.isEmpty else { throw .corrupt(format) }
    if case .lzoSegments(let sectorByteCount) = format {
      return try LZOSegments.decode(
        packed, sectorByteCount: sectorByteCount, byteCountMax: byteCountMax)
    }
    var failure: BlockDecodingError?
    let result = [UInt8](unsafeUninitializedCapacity: byteCountMax) { output, count in
      let room = UnsafeMutableRawBufferPointer(output)
      packed.withUnsafeBytes { input in
        switch decode(input, format, to: room) {
        case .success(let produced): count = produced
        case .failure(let error): failure = error
        }
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Unpacks to `output`, which has room for all that may come, and gives the number of bytes.
  static func decode(
    _ input: UnsafeRawBufferPointer, _ format: BlockFormat, to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    switch format {
    case .zlib: inflate(input, format, windowBits: 15, to: output)
    case .deflate: inflate(input, format, windowBits: -15, to: output)
    case .lzo, .lzoSegments: lzo(input, to: output)
    case .lz4: lz4(input, to: output)
    case .zstd: zstd(input, to: output)
    case .xz, .lzma, .microLZMA: lzma(input, format, to: output)
    }
  }

  private static func inflate(
    _ input: UnsafeRawBufferPointer, _ format: BlockFormat, windowBits: Int32,
    to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    // On the heap, because zlib keeps its address and checks it.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard pvgrub_inflate_init(stream, windowBits) == Z_OK else {
      return .failure(.outOfMemory(format))
    }
    defer { inflateEnd(stream) }
    // SAFETY: zlib only reads through next_in; both counts are the buffers', 1 MiB at most.
    stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
      .assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(clamping: output.count)
    let status = CDecoders.inflate(stream, Z_FINISH)
    let produced = output.count - Int(stream.pointee.avail_out)
    switch status {
    case Z_STREAM_END: return .success(produced)
    // Full: what is wanted is there, and the rest of the stream is of no use.
    case Z_OK, Z_BUF_ERROR:
      return produced == output.count ? .success(produced) : .failure(.corrupt(format))
    case Z_MEM_ERROR: return .failure(.outOfMemory(format))
    default: return .failure(.corrupt(format))
    }
  }

  private static func lzo(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    var produced = lzo_uint(output.count)
    // SAFETY: the decoder stays inside the two sizes it is given.
    let status = lzo1x_decompress_safe(
      input.baseAddress?.assumingMemoryBound(to: UInt8.self), lzo_uint(input.count),
      output.baseAddress?.assumingMemoryBound(to: UInt8.self), &produced, nil)
    switch status {
    case LZO_E_OK, LZO_E_INPUT_NOT_CONSUMED: return .success(Int(produced))
    case LZO_E_OUTPUT_OVERRUN:
      return .failure(.longerThanExpected(.lzo, byteCount: output.count))
    default: return .failure(.corrupt(.lzo))
    }
  }

  private static func lz4(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    // SAFETY: the decoder stays inside the two sizes it is given.
    let produced = LZ4_decompress_safe_partial(
      input.baseAddress?.assumingMemoryBound(to: CChar.self),
      output.baseAddress?.assumingMemoryBound(to: CChar.self),
      Int32(clamping: input.count), Int32(clamping: output.count), Int32(clamping: output.count))
    return produced >= 0 ? .success(Int(produced)) : .failure(.corrupt(.lz4))
  }

  private static func zstd(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    // What fills up the last sector is no second frame.
    let frameByteCount = ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
    guard ZSTD_isError(frameByteCount) == 0 else { return .failure(.corrupt(.zstd)) }
    let stateByteCount = ZSTD_estimateDCtxSize()
    guard let state = pvgrub_allocate(stateByteCount) else {
      return .failure(.outOfMemory(.zstd))
    }
    defer { pvgrub_release(state) }
    // A state that allocates nothing itself, which also rules out formats before version 0.8.
    guard let context = ZSTD_initStaticDCtx(state, stateByteCount) else {
      return .failure(.outOfMemory(.zstd))
    }
    let result = ZSTD_decompressDCtx(
      context, output.baseAddress, output.count, input.baseAddress, frameByteCount)
    guard ZSTD_isError(result) == 0 else {
      switch ZSTD_getErrorCode(result) {
      case ZSTD_error_dstSize_tooSmall:
        return .failure(.longerThanExpected(.zstd, byteCount: output.count))
      case ZSTD_error_version_unsupported, ZSTD_error_frameParameter_unsupported,
        ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_dictionary_wrong:
        return .failure(.unsupportedOption(.zstd))
      default: return .failure(.corrupt(.zstd))
      }
    }
    return .success(result)
  }

  private static func lzma(
    _ input: UnsafeRawBufferPointer, _ format: BlockFormat, to output: UnsafeMutableRawBufferPointer
  ) -> Result<Int, BlockDecodingError> {
    let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    stream.initialize(to: lzma_stream())
    defer {
      lzma_end(stream)
      stream.deallocate()
    }
    let started: lzma_ret
    switch format {
    case .microLZMA(let dictionaryByteCount):
      guard UInt64(dictionaryByteCount) < lzmaMemoryByteCountMax else {
        return .failure(.unsupportedOption(format))
      }
      started = lzma_microlzma_decoder(
        stream, UInt64(input.count), UInt64(output.count), 0, dictionaryByteCount)
    case .lzma: started = lzma_alone_decoder(stream, lzmaMemoryByteCountMax)
    default: started = lzma_stream_decoder(stream, lzmaMemoryByteCountMax, 0)
    }
    guard started == LZMA_OK else { return .failure(.outOfMemory(format)) }
    // SAFETY: both counts are the buffers'.
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = input.count
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = output.count
    let status = lzma_code(stream, LZMA_FINISH)
    let produced = output.count - stream.pointee.avail_out
    switch status {
    case LZMA_STREAM_END: return .success(produced)
    case LZMA_OK, LZMA_BUF_ERROR:
      return produced == output.count ? .success(produced) : .failure(.corrupt(format))
    case LZMA_MEM_ERROR: return .failure(.outOfMemory(format))
    case LZMA_MEMLIMIT_ERROR, LZMA_OPTIONS_ERROR: return .failure(.unsupportedOption(format))
    default: return .failure(.corrupt(format))
    }
  }
}
