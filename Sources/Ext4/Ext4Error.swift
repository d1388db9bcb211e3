// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages.
public enum Ext4Structure: Equatable, Sendable {
  /// The superblock.
  case superblock
  /// The descriptor of a block group.
  case groupDescriptor(UInt32)
  /// An inode.
  case inode(UInt32)
  /// A block of an inode's extent tree.
  case extentBlock(inode: UInt32, block: UInt64)
  /// A block of an inode's block map, the name of which is indirect block.
  case indirectBlock(inode: UInt32, block: UInt64)
  /// A block of a directory, counted from the directory's start.
  case directoryBlock(inode: UInt32, index: UInt64)
  /// A block of the index of a directory, counted from the directory's start.
  case directoryIndex(inode: UInt32, index: UInt64)

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .superblock: "superblock"
    case .groupDescriptor(let group): "group descriptor \(group)"
    case .inode(let inode): "inode \(inode)"
    case .extentBlock(let inode, let block): "extent block \(block) of inode \(inode)"
    case .indirectBlock(let inode, let block): "indirect block \(block) of inode \(inode)"
    case .directoryBlock(let inode, let index): "directory block \(index) of inode \(inode)"
    case .directoryIndex(let inode, let index): "directory index block \(index) of inode \(inode)"
    }
  }
}

/// Why an ext2, ext3 or ext4 file system can't be read.
public indirect enum Ext4Error: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no ext2, ext3 or ext4 file system.
  case notExt4
  /// The file system needs a feature that this reader does not have; its name.
  case unsupportedFeature(ByteString)
  /// The file needs a feature that this reader does not have; its name.
  case unsupportedFile(inode: UInt32, feature: ByteString)
  /// A field of the superblock makes no sense; its name and value.
  case badSuperblock(field: ByteString, value: UInt64)
  /// The file system is larger than its volume.
  case largerThanVolume(byteCount: UInt64, volumeByteCount: UInt64)
  /// A checksum is wrong.
  case badChecksum(Ext4Structure, stored: UInt32, computed: UInt32)
  /// A structure names a block that the file system does not have.
  case blockOutOfRange(Ext4Structure, block: UInt64)
  /// An inode number is 0 or over the file system's count.
  case inodeOutOfRange(UInt32)
  /// A name leads to an inode that is not in use.
  case unusedInode(UInt32)
  /// The size of an inode is more than its kind and the block size allow.
  case badSize(inode: UInt32, byteCount: UInt64)
  /// The header of a block of an extent tree makes no sense.
  case badExtentHeader(Ext4Structure)
  /// The extents of a tree are not in order, or overlap, or leave their place in the tree.
  case badExtentOrder(Ext4Structure, logicalBlock: UInt32)
  /// A file has more extents or index blocks than the limits.
  case tooFragmented(inode: UInt32)
  /// A directory has no block where there must be one.
  case directoryHole(inode: UInt32, index: UInt64)
  /// An entry of a directory makes no sense.
  case badDirectoryEntry(Ext4Structure, offset: Int)
  /// The index of a directory makes no sense.
  case badDirectoryIndex(Ext4Structure)
  /// The contents kept inside an inode are not all there, or their attribute makes no sense.
  case badInlineData(inode: UInt32)
  /// A directory was wanted.
  case notADirectory(inode: UInt32)
  /// A symbolic link was wanted.
  case notALink(inode: UInt32)
  /// A file was wanted.
  case notAFile(inode: UInt32)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notExt4, .unsupportedFeature, .unsupportedFile: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notExt4: "not an ext2, ext3 or ext4 file system"
    case .unsupportedFeature(let name): "feature \(name) is not supported"
    case .unsupportedFile(let inode, let name):
      "inode \(inode) uses \(name), which is not supported"
    case .badSuperblock(let field, let value): "superblock: \(field) is \(value)"
    case .largerThanVolume(let count, let volume):
      "file system of \(count) bytes on a volume of \(volume) bytes"
    case .badChecksum(let place, let stored, let computed):
      "\(place.text): checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .blockOutOfRange(let place, let block): "\(place.text): no block \(block)"
    case .inodeOutOfRange(let inode): "no inode \(inode)"
    case .unusedInode(let inode): "inode \(inode) is not in use"
    case .badSize(let inode, let count): "inode \(inode): size of \(count) bytes"
    case .badExtentHeader(let place): "\(place.text): bad extent header"
    case .badExtentOrder(let place, let block):
      "\(place.text): extent at file block \(block) out of order"
    case .tooFragmented(let inode): "inode \(inode): too many extents"
    case .directoryHole(let inode, let index): "directory inode \(inode): no block \(index)"
    case .badDirectoryEntry(let place, let offset):
      "\(place.text): bad entry at byte \(offset)"
    case .badDirectoryIndex(let place): "\(place.text): bad index"
    case .badInlineData(let inode): "inode \(inode): bad inline data"
    case .notADirectory(let inode): "inode \(inode) is not a directory"
    case .notALink(let inode): "inode \(inode) is not a symbolic link"
    case .notAFile(let inode): "inode \(inode) is not a file"
    }
  }
}
