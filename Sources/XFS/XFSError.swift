// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages. Blocks of a file or directory are numbered in blocks of
/// the file system from its start, blocks of a map as the file system numbers its own (group and
/// block in one number).
public enum XFSStructure: Equatable, Sendable {
  /// The superblock.
  case superblock
  /// An inode.
  case inode(UInt64)
  /// A block of the map of an inode's extents.
  case mapBlock(inode: UInt64, block: UInt64)
  /// A block with entries of a directory.
  case directoryBlock(inode: UInt64, block: UInt64)
  /// A node or leaf of the index of a directory.
  case directoryIndex(inode: UInt64, block: UInt64)
  /// A block with the target of a symbolic link.
  case linkBlock(inode: UInt64, block: UInt64)
  /// The log.
  case log

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .superblock: "superblock"
    case .inode(let inode): "inode \(inode)"
    case .mapBlock(let inode, let block): "extent block \(block) of inode \(inode)"
    case .directoryBlock(let inode, let block): "directory block \(block) of inode \(inode)"
    case .directoryIndex(let inode, let block): "directory index block \(block) of inode \(inode)"
    case .linkBlock(let inode, let block): "link block \(block) of inode \(inode)"
    case .log: "log"
    }
  }
}

/// Why an XFS file system can't be read.
public indirect enum XFSError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no XFS file system.
  case notXFS
  /// The file system needs a feature that this reader does not have; its name.
  case unsupportedFeature(ByteString)
  /// The file needs a feature that this reader does not have; its name.
  case unsupportedFile(inode: UInt64, feature: ByteString)
  /// A field of the superblock makes no sense; its name and value.
  case badSuperblock(field: ByteString, value: UInt64)
  /// The file system is larger than its volume.
  case largerThanVolume(blockCount: UInt64, blockByteCount: Int, volumeByteCount: UInt64)
  /// A checksum is wrong.
  case badChecksum(XFSStructure, stored: UInt32, computed: UInt32)
  /// A structure does not begin with the number that its kind has.
  case badMagic(XFSStructure, magic: UInt32)
  /// A structure says that it belongs elsewhere; the name and value of the field that says so.
  case wrongPlace(XFSStructure, field: ByteString, value: UInt64)
  /// A structure has another file system's identifier.
  case wrongUUID(XFSStructure)
  /// A structure names blocks that the file system does not have.
  case blockOutOfRange(XFSStructure, block: UInt64)
  /// An inode number stands for no place in the file system.
  case inodeOutOfRange(UInt64)
  /// A name leads to an inode that is not in use.
  case unusedInode(UInt64)
  /// A field of an inode makes no sense; its name and value.
  case badInode(UInt64, field: ByteString, value: UInt64)
  /// The size of an inode is more than its kind, its format or the limits allow.
  case badSize(inode: UInt64, byteCount: UInt64)
  /// The level or the number of records of a block of a map makes no sense.
  case badMapBlock(XFSStructure)
  /// The extents of a map are not in order, or overlap, or are empty.
  case badExtentOrder(XFSStructure, fileBlock: UInt64)
  /// A map has another number of extents than its inode says.
  case badExtentCount(inode: UInt64, stored: UInt64)
  /// A file has more extents or blocks of its map than the limits.
  case tooFragmented(inode: UInt64)
  /// A directory has no block where there must be one.
  case directoryHole(inode: UInt64, block: UInt64)
  /// An entry of a directory makes no sense.
  case badDirectoryEntry(XFSStructure, offset: Int)
  /// The index of a directory makes no sense.
  case badDirectoryIndex(XFSStructure)
  /// A directory has more names with the same hash than the limit.
  case tooManyCollisions(inode: UInt64, limit: Int)
  /// The blocks of a symbolic link do not hold its target.
  case badLink(XFSStructure)
  /// A directory was wanted.
  case notADirectory(inode: UInt64)
  /// A symbolic link was wanted.
  case notALink(inode: UInt64)
  /// A file was wanted.
  case notAFile(inode: UInt64)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notXFS, .unsupportedFeature, .unsupportedFile: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notXFS: "not an XFS file system"
    case .unsupportedFeature(let name): "feature \(name) is not supported"
    case .unsupportedFile(let inode, let name):
      "inode \(inode) uses \(name), which is not supported"
    case .badSuperblock(let field, let value): "superblock: \(field) is \(value)"
    case .largerThanVolume(let count, let size, let volume):
      "file system of \(count) blocks of \(size) bytes on a volume of \(volume) bytes"
    case .badChecksum(let place, let stored, let computed):
      "\(place.text): checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .badMagic(let place, let magic): "\(place.text): magic number \(hex: UInt64(magic))"
    case .wrongPlace(let place, let field, let value): "\(place.text): its \(field) is \(value)"
    case .wrongUUID(let place): "\(place.text): belongs to another file system"
    case .blockOutOfRange(let place, let block): "\(place.text): no block \(block)"
    case .inodeOutOfRange(let inode): "no inode \(inode)"
    case .unusedInode(let inode): "inode \(inode) is not in use"
    case .badInode(let inode, let field, let value): "inode \(inode): \(field) is \(value)"
    case .badSize(let inode, let count): "inode \(inode): size of \(count) bytes"
    case .badMapBlock(let place): "\(place.text): bad block of a map"
    case .badExtentOrder(let place, let block):
      "\(place.text): extent at file block \(block) out of order"
    case .badExtentCount(let inode, let stored): "inode \(inode): has not \(stored) extents"
    case .tooFragmented(let inode): "inode \(inode): too many extents"
    case .directoryHole(let inode, let block): "directory inode \(inode): no block \(block)"
    case .badDirectoryEntry(let place, let offset): "\(place.text): bad entry at byte \(offset)"
    case .badDirectoryIndex(let place): "\(place.text): bad index"
    case .tooManyCollisions(let inode, let limit):
      "directory inode \(inode): more than \(limit) names with the same hash"
    case .badLink(let place): "\(place.text): bad link target"
    case .notADirectory(let inode): "inode \(inode) is not a directory"
    case .notALink(let inode): "inode \(inode) is not a symbolic link"
    case .notAFile(let inode): "inode \(inode) is not a file"
    }
  }
}
