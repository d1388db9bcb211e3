// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What kind of thing the host's module is (`ramdisk=` of the guest config).
public enum HostModule: Equatable, Sendable {
  /// An archive for the kernel: it becomes the last of its initial ramdisks.
  case archive
  /// The text of a menu, which is used in place of the disk's.
  case menu
  /// An archive of nothing, which Qubes gives because its configs need a ramdisk.
  case empty
  /// None of these.
  case unknown

  /// The number of bytes needed to tell.
  public static let headByteCount = 512

  /// What a module is whose first bytes are `head`, as many as it has up to `headByteCount`.
  public init(head: ByteView) {
    if Self.isEmptyArchive(head) {
      self = .empty
    } else if Self.isArchive(head) {
      self = .archive
    } else if Self.isText(head) {
      self = .menu
    } else {
      self = .unknown
    }
  }

  /// The text of a menu without the zeros up to the end of the page, which the toolstack counts.
  public static func menuText(_ bytes: [UInt8]) -> ByteString {
    ByteString(bytes.prefix { $0 != 0 })
  }

  /// An archive in one of the forms that Linux unpacks (usr/gen_initramfs.sh, lib/decompress.c).
  private static func isArchive(_ head: ByteView) -> Bool {
    let signatures: [[UInt8]] = [
      [0x30, 0x37, 0x30, 0x37, 0x30, 0x31],  // cpio, "newc"
      [0x30, 0x37, 0x30, 0x37, 0x30, 0x32],  // cpio with checksums
      [0x1f, 0x8b],  // gzip
      [0x42, 0x5a, 0x68],  // bzip2
      [0x5d, 0x00, 0x00],  // lzma
      [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],  // xz
      [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a],  // lzo
      [0x02, 0x21, 0x4c, 0x18],  // lz4
      [0x28, 0xb5, 0x2f, 0xfd],  // zstd
    ]
    return signatures.contains { head.slice(at: 0, count: $0.count)?.bytes == $0 }
  }

  /// gzip of nothing, without a name: an empty block, and zeros for checksum and size (RFC 1952).
  private static func isEmptyArchive(_ head: ByteView) -> Bool {
    head.u32(at: 0) == 0x0008_8b1f && head.u16(at: 10) == 3 && head.u64(at: 12) == 0
  }

  /// Printable text with nothing but zeros after it.
  private static func isText(_ head: ByteView) -> Bool {
    let text = head.bytes.prefix { $0 != 0 }
    guard !text.isEmpty, head.bytes.dropFirst(text.count).allSatisfy({ $0 == 0 }) else {
      return false
    }
    return text.allSatisfy { $0 >= 0x20 && $0 != 0x7f || ASCII.isBlank($0) }
  }
}
