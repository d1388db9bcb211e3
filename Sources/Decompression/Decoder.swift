// SPDX-License-Identifier: GPL-2.0-or-later

/// Unpacks one stream, piece by piece: a face over all formats.
///
/// Most formats write to any memory. Those with `needsLinearOutput` look back at what came out:
/// their output must be one window that goes on where the last piece ended, and stays until the
/// end. After an error the decoder can't be used any more. Its memory is given back by `end()`, or
/// when it goes.
public final class Decoder {
  /// What one call did.
  public struct Progress: Equatable, Sendable {
    /// The number of bytes taken from the input.
    public let consumedByteCount: Int
    /// The number of bytes written to the output.
    public let producedByteCount: Int
    /// Whether the stream is at its end, its checksum right.
    public let isFinished: Bool
  }

  /// The sizes of data that is unpacked in one call.
  public struct WholeByteCounts: Equatable, Sendable {
    /// Packed bytes, more than none and no more than come out.
    public let packed: Int
    /// Bytes that come out.
    public let unpacked: Int

    /// So many bytes.
    public init(packed: Int, unpacked: Int) {
      self.packed = packed
      self.unpacked = unpacked
    }
  }

  /// The most bytes of a head that may be asked for.
  public static let headByteCountMax = 64 * 1024

  /// The format of the stream.
  public let format: PayloadFormat

  /// The number of packed bytes taken so far.
  public private(set) var consumedByteCount: UInt64 = 0

  /// The number of unpacked bytes written so far.
  public private(set) var producedByteCount: UInt64 = 0

  private var implementation: Implementation

  private enum Implementation {
    case copy
    case gzip(GzipDecoder)
    case wholeGzip(WholeGzipDecoder)
    case bzip2(Bzip2Decoder)
    case lzma(LZMADecoder)
    case lzo(LZODecoder)
    case lz4(LZ4Decoder)
    case zstd(ZstdDecoder)
    case ended
  }

  /// A decoder for a stream of `format` that may use `memoryLimit` bytes of heap. Throws if these
  /// are too few for any stream of the format, or the heap has no room.
  ///
  /// `wholeByteCounts`, for gzip: the sizes, if the decoder may gather all of the packed data at
  /// the end of the output, and is then given room for all of that and `outputMarginByteCount`
  /// more. What is damaged then has no place in the error.
  public init(
    _ format: PayloadFormat, memoryLimit: UInt64, wholeByteCounts: WholeByteCounts? = nil
  ) throws(DecompressionError) {
    self.format = format
    precondition(wholeByteCounts == nil || format == .gzip, "only gzip is unpacked as a whole")
    needsLinearOutput = format == .lz4 || format == .zstd || wholeByteCounts != nil
    switch format {
    case .lz4: outputMarginByteCount = LZ4Decoder.marginByteCount
    default:
      outputMarginByteCount = wholeByteCounts.map { WholeGzipDecoder.margin($0.unpacked) } ?? 0
    }
    gatheredByteCount = wholeByteCounts?.packed ?? 0
    let needed = DecoderMemory.byteCountMin(format)
    guard memoryLimit >= needed else {
      throw .memoryLimit(format, needed: needed, limit: memoryLimit)
    }
    switch format {
    case .uncompressed: implementation = .copy
    case .gzip:
      if let wholeByteCounts {
        implementation = .wholeGzip(try WholeGzipDecoder(wholeByteCounts))
      } else {
        implementation = .gzip(try GzipDecoder())
      }
    case .bzip2: implementation = .bzip2(try Bzip2Decoder())
    case .lzma, .xz:
      implementation = .lzma(try LZMADecoder(format, memoryLimit: memoryLimit))
    case .lzo: implementation = .lzo(LZODecoder())
    case .lz4: implementation = .lz4(LZ4Decoder(memoryLimit: memoryLimit))
    case .zstd: implementation = .zstd(try ZstdDecoder())
    }
  }

  /// Whether the end of the stream can be told from the stream itself.
  public var hasEnd: Bool { format != .uncompressed && format != .lz4 }

  /// Whether what comes out must stay in one window, in a row.
  public let needsLinearOutput: Bool

  /// The bytes of room that are needed after the output.
  public let outputMarginByteCount: Int

  /// The packed bytes that are gathered at the end of that room before anything comes out. If there
  /// are some, a checksum over all of the output is compared when it is there.
  public let gatheredByteCount: Int

  /// The number of bytes that were copied out of memory of the decoder's own, or out of the input.
  public var copiedByteCount: UInt64 {
    switch format {
    case .uncompressed, .bzip2, .lzma, .xz: producedByteCount
    case .gzip: needsLinearOutput ? consumedByteCount : 0
    case .lzo, .lz4, .zstd: 0
    }
  }

  /// The room in bytes that one call needs at most if output is linear; all numbers for one call
  /// that needs room for all.
  public var outputByteCountMax: Int {
    switch format {
    case .lz4: LZ4Decoder.blockByteCount + LZ4Decoder.marginByteCount
    case .gzip: needsLinearOutput ? .max : 1
    case .zstd: Decoder.headByteCountMax + ZstdDecoder.blockByteCountMax
    default: 1
    }
  }

  /// Whether packed data without an end of its own may end here.
  public var mayEndHere: Bool {
    switch implementation {
    case .lz4(let decoder): decoder.isBetweenBlocks
    default: false
    }
  }

  /// For linear output: the first bytes of what will come out, as far as `decodeHead` has found
  /// them.
  public var head: UnsafeRawBufferPointer {
    switch implementation {
    case .lz4(let decoder): decoder.head
    case .zstd(let decoder): decoder.head
    case .wholeGzip(let decoder): decoder.head
    default: UnsafeRawBufferPointer(start: nil, count: 0)
    }
  }

  /// For linear output, before the first `decode`: goes on to make `head` longer, which must not
  /// have reached `headByteCountMax` yet. Finished when `head` won't become longer. Nothing counts
  /// as produced: all of the head comes out again by `decode`.
  public func decodeHead(
    input: UnsafeRawBufferPointer
  ) throws(DecompressionError) -> Progress {
    let progress: Progress
    switch implementation {
    case .lz4(let decoder):
      progress = try decoder.decodeHead(input: input, position: consumedByteCount)
    case .zstd(let decoder):
      progress = try decoder.decodeHead(input: input, position: consumedByteCount)
    case .wholeGzip(let decoder): progress = try decoder.decodeHead(input: input)
    default: preconditionFailure("a head without linear output")
    }
    consumedByteCount += UInt64(progress.consumedByteCount)
    return progress
  }

  /// Unpacks as much of `input` as `output` has room for, or less. Nothing consumed and nothing
  /// produced means that more of one of them is needed.
  public func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> Progress {
    let progress: Progress
    let position = consumedByteCount
    switch implementation {
    case .copy: progress = copy(from: input, to: output)
    case .gzip(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .wholeGzip(let decoder): progress = try decoder.decode(input: input, output: output)
    case .bzip2(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .lzma(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .lzo(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .lz4(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .zstd(let decoder):
      progress = try decoder.decode(input: input, output: output, position: position)
    case .ended: preconditionFailure("decode after end")
    }
    consumedByteCount += UInt64(progress.consumedByteCount)
    producedByteCount += UInt64(progress.producedByteCount)
    return progress
  }

  /// Gives the memory back.
  public func end() { implementation = .ended }

  private func copy(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Progress {
    let count = min(input.count, output.count)
    // SAFETY: count is within both buffers.
    if count > 0 { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count])) }
    return Progress(consumedByteCount: count, producedByteCount: count, isFinished: false)
  }
}
