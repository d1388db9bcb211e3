// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The superblock, at byte 1024 (Linux, Documentation/filesystems/erofs.rst, and erofs_fs.h), with
/// its numbers checked.
final class Superblock {
  static let byteOffset: UInt64 = 1024
  static let byteCount = 128
  /// The size with the extensions that are read, if it has them.
  static let extendedByteCount = 144

  private static let magic: UInt32 = 0xe0f5_e1e2
  private static let checksumFeature: UInt32 = 1

  /// Features without which a file system can't be read.
  struct Features: Equatable {
    let bits: UInt32

    /// Zeros are in front of packed bytes, not after.
    var hasPaddingInFront: Bool { bits & 1 != 0 }
    /// Packed pieces of several blocks, and settings of packers after the superblock.
    var hasLargePieces: Bool { bits & 2 != 0 }
    /// The end of a packed file is among the metadata.
    var hasInlinePieces: Bool { bits & 0x10 != 0 }
    /// Ends of files are in an inode of their own, or pieces are shared.
    var hasFragments: Bool { bits & 0x20 != 0 }

    /// Those that are known here: beside these, chunks (4), several devices or a second algorithm
    /// (8), and long prefixes of attributes (0x40).
    static let known: UInt32 = 0x1ff
    /// There may be further devices.
    var hasDevices: Bool { bits & 8 != 0 }
    /// Block numbers have 48 bits.
    var hasWideNumbers: Bool { bits & 0x80 != 0 }
    /// Metadata may be packed, in an inode of their own.
    var hasMetabox: Bool { bits & 0x100 != 0 }
  }

  let features: Features
  /// 9 to 16.
  let blockShift: UInt64
  /// The inodes' numbers count 32 bytes from here, in bytes of the volume.
  let metadataByteOffset: UInt64
  /// The number of the root's inode.
  let root: UInt64
  /// The inode that holds ends of files; 0 for none.
  let packedInode: UInt64
  /// The number of the inode that holds packed metadata; nil for none.
  let metaboxInode: UInt64?
  /// The number of devices beside this one, and where their table is, in bytes of the volume.
  let deviceCount: Int
  let deviceTableByteOffset: UInt64
  /// Seconds since 1970 that times of inodes of the compact form count from.
  let time: UInt64
  let uuid: GUID
  let label: ByteString
  /// The size with its extensions, after which settings of packers are.
  let wholeByteCount: UInt64
  /// A bit for each algorithm that has settings.
  let algorithms: UInt16

  var blockByteCount: UInt64 { 1 << blockShift }

  /// Decodes a superblock with its first extension, if there are bytes for that. Nil if there is no
  /// sign of EROFS. Throws if there is one that can't be read.
  init?(_ view: ByteView) throws(EROFSError) {
    guard view.u32(at: 0) == Self.magic, let shift = view.u8(at: 12),
      let extensions = view.u8(at: 13), let root = view.u16(at: 14), let time = view.u64(at: 24),
      let metadata = view.u32(at: 40), let uuid = GUID(view, at: 48),
      let label = view.terminatedString(at: 64, count: 16), let features = view.u32(at: 80),
      let algorithms = view.u16(at: 84), let directoryShift = view.u8(at: 90),
      let packed = view.u64(at: 96)
    else { return nil }
    guard features & ~Features.known == 0 else {
      throw .unknownFeatures(features & ~Features.known)
    }
    guard EROFSLimits.blockShifts.contains(shift) else {
      throw .badSuperblock(field: "the block size's exponent", value: UInt64(shift))
    }
    guard directoryShift == 0 else {
      throw .unsupportedFeature("directory blocks of a size of their own")
    }
    self.features = Features(bits: features)
    blockShift = UInt64(shift)
    metadataByteOffset = UInt64(metadata) << UInt64(shift)
    // Those that have both need not use the long one (erofs_fs.h, `rootnid_8b`).
    let wideRoot = self.features.hasWideNumbers ? view.u64(at: 112) ?? 0 : 0
    self.root = wideRoot > 0 ? wideRoot : UInt64(root)
    packedInode = self.features.hasFragments ? packed : 0
    guard packedInode >> 63 == 0 else {
      throw .badSuperblock(field: "the packed inode", value: packedInode)
    }
    metaboxInode = try Self.metaboxInode(view, self.features, extensionCount: extensions)
    deviceCount = self.features.hasDevices ? Int(view.u16(at: 86) ?? 0) : 0
    deviceTableByteOffset = UInt64(view.u16(at: 88) ?? 0) * 128
    self.time = time
    self.uuid = uuid
    self.label = label
    wholeByteCount = UInt64(Self.byteCount) + 16 * UInt64(extensions)
    self.algorithms = self.features.hasLargePieces ? algorithms : 0
  }

  /// It is in the first extension, and is itself not among the packed metadata.
  private static func metaboxInode(
    _ view: ByteView, _ features: Features, extensionCount: UInt8
  ) throws(EROFSError) -> UInt64? {
    guard features.hasMetabox else { return nil }
    guard extensionCount > 0, let number = view.u64(at: byteCount) else {
      throw .badSuperblock(field: "the number of extensions", value: UInt64(extensionCount))
    }
    guard number >> 63 == 0 else {
      throw .badSuperblock(field: "the inode of packed metadata", value: number)
    }
    return number
  }

  /// Throws if there is a checksum and it is wrong. It covers the rest of the superblock's block,
  /// with zeros in its own place and no inversion at the end.
  func checkChecksum<Device: BlockDevice>(
    _ view: ByteView, on volume: Volume<Device>
  ) throws(EROFSError) {
    guard let compatible = view.u32(at: 8), let stored = view.u32(at: 4),
      compatible & Self.checksumFeature != 0
    else { return }
    let size = blockByteCount
    let count = size > Self.byteOffset ? size - Self.byteOffset : size
    var bytes: [UInt8]
    do { bytes = try volume.read(at: Self.byteOffset, count: Int(count)) } catch {
      throw .device(error)
    }
    guard bytes.count >= Self.byteCount else { throw .notEROFS }
    bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    let computed = CRC32.castagnoli.update(~0, bytes)
    guard ChecksumRule.matches(stored, computed) else {
      throw .wrongChecksum(stored: stored, computed: computed)
    }
  }
}
