// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How a block of a file is packed on a disk.
public enum BlockFormat: Equatable, Sendable {
  /// A zlib stream (RFC 1950).
  case zlib
  /// A deflate stream without a header (RFC 1951).
  case deflate
  /// One block of LZO1X.
  case lzo
  /// Btrfs's chain of LZO1X blocks (Btrfs's on-disk format documentation, "Compression").
  case lzoSegments(sectorByteCount: Int)
  /// One block of LZ4, without a frame.
  case lz4
  /// An .xz stream.
  case xz
  /// A stream of lzma-utils.
  case lzma
  /// LZMA without a header, as EROFS has it (lzma/container.h, MicroLZMA).
  case microLZMA(dictionaryByteCount: UInt32)
  /// A frame of Zstandard (RFC 8878).
  case zstd

  /// The format's name for people.
  public var name: ByteString {
    switch self {
    case .zlib: "zlib"
    case .deflate: "deflate"
    case .lzo, .lzoSegments: "lzo"
    case .lz4: "lz4"
    case .xz: "xz"
    case .lzma, .microLZMA: "lzma"
    case .zstd: "zstd"
    }
  }
}

/// Why a block could not be unpacked.
public enum BlockDecodingError: BootFailure {
  /// The bytes break the format's rules, or end too early.
  case corrupt(BlockFormat)
  /// More comes out than the `byteCount` bytes that a block may have.
  case longerThanExpected(BlockFormat, byteCount: Int)
  /// The block uses an option of its format, or a dictionary, that is beyond the limits.
  case unsupportedOption(BlockFormat)
  /// The heap had no room for the decoder.
  case outOfMemory(BlockFormat)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .corrupt, .longerThanExpected: .corrupt
    case .unsupportedOption, .outOfMemory: .unsupported
    }
  }

  /// One line that names the format.
  public var message: ByteString {
    switch self {
    case .corrupt(let format): "corrupt \(format.name) data"
    case .longerThanExpected(let format, let count):
      "the \(format.name) data unpacks to more than \(count) bytes"
    case .unsupportedOption(let format):
      "the \(format.name) data uses an option that is not supported"
    case .outOfMemory(let format): "no memory to unpack \(format.name) data"
    }
  }
}
