// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages.
public enum BtrfsStructure: Equatable, Sendable {
  /// The superblock at a byte of its device.
  case superblock(at: UInt64)
  /// The chunks in the superblock.
  case chunkArray
  /// The chunk that begins at a logical address.
  case chunk(UInt64)
  /// The node of a tree at a logical address.
  case node(tree: UInt64, logical: UInt64)
  /// The item of the tree of roots for a tree.
  case root(tree: UInt64)
  /// An inode of a subvolume.
  case inode(tree: UInt64, inode: UInt64)
  /// An extent of a file, named by the byte of the file that it begins at.
  case fileExtent(tree: UInt64, inode: UInt64, offset: UInt64)

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .superblock(let offset): "superblock at byte \(offset)"
    case .chunkArray: "chunks in the superblock"
    case .chunk(let logical): "chunk \(logical)"
    case .node(let tree, let logical): "node \(logical) of tree \(tree)"
    case .root(let tree): "root of tree \(tree)"
    case .inode(let tree, let inode): "inode \(inode) of subvolume \(tree)"
    case .fileExtent(let tree, let inode, let offset):
      "extent at byte \(offset) of inode \(inode) of subvolume \(tree)"
    }
  }
}

/// Why a btrfs file system can't be read.
public indirect enum BtrfsError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no btrfs file system.
  case notBtrfs
  /// The file system needs a feature that this reader does not have; its name.
  case unsupportedFeature(ByteString)
  /// The file needs a feature that this reader does not have; its name.
  case unsupportedFile(BtrfsStructure, feature: ByteString)
  /// A part of the file system is on a device that is not here.
  case absentDevice(chunk: UInt64, deviceID: UInt64)
  /// A device given as a part of the file system is of another one.
  case foreignDevice(deviceID: UInt64)
  /// Two of the devices given have the same number.
  case doubledDevice(deviceID: UInt64)
  /// A field makes no sense where it is; its name and value.
  case badField(BtrfsStructure, field: ByteString, value: UInt64)
  /// The file system is larger than its volume.
  case largerThanVolume(byteCount: UInt64, volumeByteCount: UInt64)
  /// A checksum is wrong; the first eight bytes of what is stored and what it should be.
  case badChecksum(BtrfsStructure, stored: UInt64, computed: UInt64)
  /// A node belongs to another file system.
  case foreignNode(BtrfsStructure)
  /// A node is not the one that its pointer announces.
  case wrongNode(BtrfsStructure, field: ByteString, value: UInt64, expected: UInt64)
  /// The keys of a node are not in order, or not those that lead to it.
  case badKeyOrder(BtrfsStructure, slot: Int)
  /// An item leaves its node.
  case badItem(BtrfsStructure, slot: Int)
  /// Two chunks have the same logical addresses.
  case overlappingChunks(UInt64)
  /// There are more chunks than the limit.
  case tooManyChunks
  /// No chunk has a logical address.
  case unmapped(logical: UInt64)
  /// A chunk goes on after the end of a device.
  case outsideDevice(chunk: UInt64, deviceID: UInt64)
  /// There is no such tree.
  case missingTree(UInt64)
  /// A name leads to an inode that is not there.
  case missingInode(BtrfsStructure)
  /// An entry of a directory makes no sense.
  case badDirectoryEntry(BtrfsStructure, index: UInt64)
  /// The extents of a file are not in order, or overlap.
  case badExtentOrder(BtrfsStructure)
  /// The file or directory takes more than the limits.
  case tooFragmented(BtrfsStructure)
  /// A directory was wanted.
  case notADirectory(BtrfsStructure)
  /// A symbolic link was wanted.
  case notALink(BtrfsStructure)
  /// A file was wanted.
  case notAFile(BtrfsStructure)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notBtrfs, .unsupportedFeature, .unsupportedFile, .absentDevice, .foreignDevice,
      .doubledDevice:
      .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notBtrfs: "not a btrfs file system"
    case .unsupportedFeature(let name): "feature \(name) is not supported"
    case .unsupportedFile(let place, let name):
      "\(place.text) uses \(name), which is not supported"
    case .absentDevice(let chunk, let id):
      "chunk \(chunk) needs device \(id) of the file system, which is not here"
    case .foreignDevice(let id): "device \(id) belongs to another file system"
    case .doubledDevice(let id): "device \(id) is there twice"
    case .badField(let place, let field, let value): "\(place.text): \(field) is \(value)"
    case .largerThanVolume(let count, let volume):
      "file system of \(count) bytes on a volume of \(volume) bytes"
    case .tooManyChunks: "more than \(BtrfsLimits.chunkCount) chunks"
    case .missingTree(let tree): "no tree \(tree)"
    default: corruptMessage
    }
  }

  private var corruptMessage: ByteString {
    switch self {
    case .badChecksum(let place, let stored, let computed):
      "\(place.text): checksum \(hex: stored) instead of \(hex: computed)"
    case .foreignNode(let place): "\(place.text): belongs to another file system"
    case .wrongNode(let place, let field, let value, let expected):
      "\(place.text): \(field) is \(value) instead of \(expected)"
    case .badKeyOrder(let place, let slot): "\(place.text): key \(slot) is out of order"
    case .badItem(let place, let slot): "\(place.text): item \(slot) leaves the node"
    case .overlappingChunks(let logical): "chunk \(logical): overlaps the one before it"
    case .unmapped(let logical): "no chunk has address \(logical)"
    case .outsideDevice(let chunk, let id): "chunk \(chunk): leaves device \(id)"
    case .missingInode(let place): "\(place.text): not there"
    case .badDirectoryEntry(let place, let index): "\(place.text): bad directory entry \(index)"
    case .badExtentOrder(let place): "\(place.text): out of order"
    case .tooFragmented(let place): "\(place.text): too large to list"
    case .notADirectory(let place): "\(place.text): not a directory"
    case .notALink(let place): "\(place.text): not a symbolic link"
    case .notAFile(let place): "\(place.text): not a file"
    default: ""  // In `message`.
    }
  }
}
