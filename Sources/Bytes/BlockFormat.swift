// SPDX-License-Identifier: GPL-2.0-or-later

/// How a block of a file is packed on a disk: what readers name and `BlockDecoder` unpacks.
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
