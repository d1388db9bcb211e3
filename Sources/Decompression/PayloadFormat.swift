// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How a kernel, or the payload inside a bzImage, is packed.
public enum PayloadFormat: Equatable, CaseIterable, Sendable {
  /// Not packed: an ELF file as it is.
  case uncompressed
  /// RFC 1952.
  case gzip
  /// bzip2.
  case bzip2
  /// The format of lzma-utils, without a checksum.
  case lzma
  /// The .xz file format.
  case xz
  /// lzop's file format around LZO1X.
  case lzo
  /// LZ4 legacy frames.
  case lz4
  /// RFC 8878.
  case zstd

  /// The number of bytes at the start of a file that `detect` looks at.
  public static let magicByteCountMax = 9

  /// The format that the first bytes of a file show; nil if it is none of these. The signatures
  /// are those of Xen's `xg_dom_bzimageloader.c`.
  public static func detect(_ view: ByteView) -> PayloadFormat? {
    for (magic, format) in signatures where view.starts(with: magic) { return format }
    return nil
  }

  /// The name that an administrator knows.
  public var name: ByteString {
    switch self {
    case .uncompressed: "uncompressed"
    case .gzip: "gzip"
    case .bzip2: "bzip2"
    case .lzma: "lzma"
    case .xz: "xz"
    case .lzo: "lzo"
    case .lz4: "lz4"
    case .zstd: "zstd"
    }
  }

  /// Whether the payload of a bzImage has its unpacked size after, in four bytes: in all formats
  /// but gzip, which ends in it (Linux, arch/x86/boot/compressed/Makefile).
  public var hasSizeField: Bool { self != .uncompressed && self != .gzip }

  /// How much more work an unpacked byte is than one of `WorkKind.unpackedBytes`, which is
  /// measured for the quick formats. None for what is not packed.
  public var unpackingFactor: Int {
    switch self {
    case .uncompressed: 0
    case .gzip, .lzo, .lz4, .zstd: 1
    case .lzma, .xz: 3
    case .bzip2: 8
    }
  }

  /// The unpacked size that the stream which starts with `head` tells of; nil if it does not.
  public func statedByteCount(head: ByteView) -> UInt64? {
    switch self {
    case .zstd: ZstdDecoder.contentByteCount(head)
    // All ones: the stream has an end mark instead.
    case .lzma: head.u64(at: 5).flatMap { $0 == .max ? nil : $0 }
    default: nil
    }
  }

  private static var signatures: [([UInt8], PayloadFormat)] {
    [
      ([0x7f, 0x45, 0x4c, 0x46], .uncompressed),
      ([0x1f, 0x8b], .gzip),
      ([0x42, 0x5a, 0x68], .bzip2),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .xz),
      ([0x5d, 0x00, 0x00], .lzma),
      ([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a], .lzo),
      ([0x02, 0x21, 0x4c, 0x18], .lz4),
      ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
    ]
  }
}

extension ByteView {
  /// Whether the first bytes are those of `magic`.
  fileprivate func starts(with magic: [UInt8]) -> Bool {
    slice(at: 0, count: magic.count)?.bytes == magic
  }
}
