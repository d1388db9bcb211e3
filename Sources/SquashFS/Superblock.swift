// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The superblock of version 4.0, the first 96 bytes of the volume, with its numbers checked
/// (Linux, Documentation/filesystems/squashfs.rst, and squashfs_fs.h).
final class Superblock {
  /// Its size.
  static let byteCount = 96

  private static let magic: UInt32 = 0x7371_7368
  private static let noTable: UInt64 = .max

  /// The size of a file's blocks.
  let blockByteCount: UInt64
  /// How everything is packed.
  let format: BlockFormat
  /// The number of fragments.
  let fragmentCount: UInt32
  /// Where the root directory's inode is.
  let root: InodeReference
  /// The size of the file system in bytes.
  let usedByteCount: UInt64
  /// Where the three tables begin; no fragments, no table.
  let inodeTable: UInt64
  let directoryTable: UInt64
  let fragmentTable: UInt64

  /// Nil if there is no sign of SquashFS. Throws if there is one, of another version or with
  /// numbers that make no sense on a volume of `volumeByteCount` bytes.
  init?(_ view: ByteView, volumeByteCount: UInt64) throws(SquashFSError) {
    guard let magic = view.u32(at: 0), let shift = view.u16(at: 22), let size = view.u32(at: 12),
      let compressor = view.u16(at: 20), let fragmentCount = view.u32(at: 16),
      let major = view.u16(at: 28), let minor = view.u16(at: 30), let root = view.u64(at: 32),
      let used = view.u64(at: 40), let inodes = view.u64(at: 64),
      let directories = view.u64(at: 72), let fragments = view.u64(at: 80)
    else { return nil }
    if magic == Self.magic.byteSwapped { throw .unsupportedByteOrder }
    guard magic == Self.magic else { return nil }
    guard major == 4, minor == 0 else { throw .unsupportedVersion(major: major, minor: minor) }
    guard let format = Self.format(compressor) else { throw .unsupportedCompressor(compressor) }
    guard SquashFSLimits.blockShifts.contains(shift) else {
      throw .badSuperblock(field: "the block size's exponent", value: UInt64(shift))
    }
    guard UInt64(size) == 1 << UInt64(shift) else {
      throw .badSuperblock(field: "the block size", value: UInt64(size))
    }
    guard used >= UInt64(Self.byteCount), used <= volumeByteCount else {
      throw .badSuperblock(field: "the size in bytes", value: used)
    }
    guard inodes < used else {
      throw .badSuperblock(field: "the place of the inodes", value: inodes)
    }
    guard directories < used else {
      throw .badSuperblock(field: "the place of the directories", value: directories)
    }
    guard fragmentCount == 0 || fragments < used else {
      throw .badSuperblock(field: "the place of the fragments", value: fragments)
    }
    blockByteCount = UInt64(size)
    self.format = format
    self.fragmentCount = fragments == Self.noTable ? 0 : fragmentCount
    self.root = InodeReference(root)
    usedByteCount = used
    inodeTable = inodes
    directoryTable = directories
    fragmentTable = fragments
  }

  private static func format(_ compressor: UInt16) -> BlockFormat? {
    switch compressor {
    case 1: .zlib
    case 2: .lzma
    case 3: .lzo
    case 4: .xz
    case 5: .lz4
    case 6: .zstd
    default: nil
    }
  }
}

/// Where an inode is: the start of its block of metadata in the table of inodes, and the byte in
/// what this unpacks to.
struct InodeReference: Equatable, Sendable {
  /// Under 2^48.
  let block: UInt64
  let offset: UInt16

  /// Decodes the 64 bits of the disk.
  init(_ packed: UInt64) {
    block = packed >> 16
    offset = UInt16(truncatingIfNeeded: packed)
  }

  init(block: UInt32, offset: UInt16) {
    self.block = UInt64(block)
    self.offset = offset
  }
}
