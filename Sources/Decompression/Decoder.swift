// SPDX-License-Identifier: GPL-2.0-or-later

/// Unpacks one stream, piece by piece: a face over all formats that are built in.
///
/// After an error the decoder is of no more use. Its memory is given back by `end()`, or when it
/// goes.
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
    case xz(XZDecoder)
    case ended
  }

  /// A decoder for a stream of `format` that may use `memoryLimit` bytes of heap. Throws if the
  /// format has no decoder or the heap no room.
  public init(_ format: PayloadFormat, memoryLimit: UInt64) throws(DecompressionError) {
    self.format = format
    switch format {
    case .uncompressed: implementation = .copy
    case .gzip:
      guard memoryLimit >= DecoderMemory.gzipByteCount else {
        throw .memoryLimit(format, needed: DecoderMemory.gzipByteCount, limit: memoryLimit)
      }
      implementation = .gzip(try GzipDecoder())
    case .xz: implementation = .xz(try XZDecoder(memoryLimit: memoryLimit))
    case .bzip2, .lzma, .lzo, .lz4, .zstd: throw .unsupported(format)
    }
  }

  /// Whether the end of the stream can be told from the stream itself, with a checksum before it.
  public var hasChecksum: Bool { format != .uncompressed }

  /// Unpacks as much of `input` as `output` has room for. Nothing consumed and nothing produced
  /// means that more of one of them is needed.
  public func decode(
    input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> Progress {
    let progress: Progress
    switch implementation {
    case .copy: progress = copy(from: input, to: output)
    case .gzip(let decoder):
      progress = try decoder.decode(input: input, output: output, position: consumedByteCount)
    case .xz(let decoder):
      progress = try decoder.decode(input: input, output: output, position: consumedByteCount)
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
