// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why an EROFS can't be read. Inodes are named by their numbers (nid).
public indirect enum EROFSError: BootFailure {
  /// The volume can't be read, or a packed piece does not unpack.
  case device(BlockError)
  /// There is no EROFS.
  case notEROFS
  /// The file system has features that this reader does not know; their bits.
  case unknownFeatures(UInt32)
  /// The file system, or a file, has a feature that this reader does not have; its name.
  case unsupportedFeature(ByteString)
  /// A file has a feature that this reader does not have; its name.
  case unsupportedFile(inode: UInt64, feature: ByteString)
  /// A field of the superblock makes no sense; its name and value.
  case badSuperblock(field: ByteString, value: UInt64)
  /// The superblock's checksum is wrong.
  case wrongChecksum(stored: UInt32, computed: UInt32)
  /// A packer's settings make no sense; the packer's number.
  case badSettings(algorithm: Int)
  /// A structure or the data of an inode are said to be where the volume has no bytes.
  case outOfRange(inode: UInt64, byteOffset: UInt64)
  /// The data of an inode are on another device, which is not on the volume; its number and tag.
  case onAnotherDevice(inode: UInt64, device: Int, tag: ByteString)
  /// A field of an inode, or of what is after it, makes no sense; its name and value.
  case badInode(UInt64, field: ByteString, value: UInt64)
  /// The list of a packed file's clusters makes no sense at one of them.
  case badCluster(inode: UInt64, cluster: UInt64)
  /// The list of a packed file's pieces makes no sense at one of them.
  case badExtent(inode: UInt64, extent: UInt64)
  /// A file is in more pieces than the limit.
  case tooManyExtents(inode: UInt64)
  /// A directory is larger than the limit.
  case directoryTooLarge(inode: UInt64, byteCount: UInt64)
  /// The entries of a directory's block make no sense.
  case badDirectory(inode: UInt64, block: UInt64)
  /// A name is empty or too long, or has a slash or a zero in it.
  case badName(inode: UInt64, block: UInt64)
  /// The target of a symbolic link is empty or longer than the limit, or has a zero in it.
  case badLink(inode: UInt64)
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
    case .notEROFS, .unknownFeatures, .unsupportedFeature, .unsupportedFile, .onAnotherDevice:
      .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notEROFS: "not an EROFS"
    case .unknownFeatures(let bits): "features \(hex: UInt64(bits)) are not supported"
    case .unsupportedFeature(let name): "not supported: \(name)"
    case .unsupportedFile(let inode, let name): "\(place(inode)): not supported: \(name)"
    case .badSuperblock(let field, let value): "superblock: \(field) is \(value)"
    case .wrongChecksum(let stored, let computed):
      "superblock: checksum is \(hex: UInt64(stored)), not \(hex: UInt64(computed))"
    case .badSettings(let algorithm): "superblock: bad settings of algorithm \(algorithm)"
    case .outOfRange(let inode, let offset): "\(place(inode)): the volume has no byte \(offset)"
    case .onAnotherDevice(let inode, let device, let tag):
      "\(place(inode)): its data are on further device \(device)"
        + (tag.isEmpty ? "" : " (\(tag))") + ", which is not on this volume"
    case .badInode(let inode, let field, let value): "\(place(inode)): \(field) is \(value)"
    case .badCluster(let inode, let cluster): "\(place(inode)): bad cluster \(cluster)"
    case .badExtent(let inode, let extent): "\(place(inode)): bad piece \(extent)"
    case .tooManyExtents(let inode): "\(place(inode)): too many pieces"
    case .directoryTooLarge(let inode, let count):
      "\(place(inode)): directory of \(count) bytes"
    case .badDirectory(let inode, let block):
      "\(place(inode)): bad entry in block \(block) of the directory"
    case .badName(let inode, let block):
      "\(place(inode)): bad name in block \(block) of the directory"
    case .badLink(let inode): "\(place(inode)): bad symbolic link"
    case .notADirectory(let inode): "\(place(inode)): not a directory"
    case .notALink(let inode): "\(place(inode)): not a symbolic link"
    case .notAFile(let inode): "\(place(inode)): not a file"
    }
  }

  /// An inode by its number; those of packed metadata count by themselves.
  private func place(_ inode: UInt64) -> ByteString {
    inode >> 63 == 0 ? "inode \(inode)" : "packed inode \(inode ^ 1 << 63)"
  }
}
