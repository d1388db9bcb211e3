// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages.
public enum SquashFSStructure: Equatable, Sendable {
  /// The block of metadata whose header is at a byte of the volume.
  case metadata(byteOffset: UInt64)
  /// The inode at a byte of what the block of metadata at a byte of the volume unpacks to.
  case inode(block: UInt64, offset: UInt16)
  /// The directory that such an inode has.
  case directory(block: UInt64, offset: UInt16)
  /// An entry of the table of fragments.
  case fragment(UInt32)

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .metadata(let offset): "metadata at byte \(offset)"
    case .inode(let block, let offset): "inode \(block):\(offset)"
    case .directory(let block, let offset): "directory of inode \(block):\(offset)"
    case .fragment(let index): "fragment \(index)"
    }
  }
}

/// Why a SquashFS can't be read.
public indirect enum SquashFSError: BootFailure {
  /// The volume can't be read, or metadata does not unpack.
  case device(BlockError)
  /// There is no SquashFS.
  case notSquashFS
  /// The numbers are stored with the high byte first, as SquashFS before 4.0 allowed.
  case unsupportedByteOrder
  /// Another version of the format.
  case unsupportedVersion(major: UInt16, minor: UInt16)
  /// A packer that this reader does not have; its number.
  case unsupportedCompressor(UInt16)
  /// A field of the superblock makes no sense; its name and value.
  case badSuperblock(field: ByteString, value: UInt64)
  /// A structure is said to be where the file system has no bytes.
  case outOfRange(SquashFSStructure, byteOffset: UInt64)
  /// A block of metadata is empty or ends before what should be in it.
  case metadataTooShort(SquashFSStructure)
  /// An inode has a type that does not exist.
  case badInodeType(SquashFSStructure, type: UInt16)
  /// A file has more blocks than the limit.
  case tooManyBlocks(SquashFSStructure, count: UInt64)
  /// The stored size of a file's block makes no sense; the block's number and the size.
  case badBlockSize(SquashFSStructure, block: UInt64, byteCount: UInt64)
  /// The end of a file is in a fragment that the table does not have.
  case noFragment(SquashFSStructure, fragment: UInt32)
  /// The end of a file is beyond the end of its fragment; where it should be.
  case outsideOfFragment(SquashFSStructure, fragment: UInt32, offset: UInt64)
  /// A directory is larger than the limit.
  case directoryTooLarge(SquashFSStructure, byteCount: UInt64)
  /// A directory's headers and names do not fill it.
  case badDirectory(SquashFSStructure)
  /// A name is empty or too long, is `.` or `..`, or has a slash or a zero in it.
  case badName(SquashFSStructure)
  /// The target of a symbolic link is empty or longer than the limit, or has a zero in it.
  case badLink(SquashFSStructure)
  /// A directory was wanted.
  case notADirectory(SquashFSStructure)
  /// A symbolic link was wanted.
  case notALink(SquashFSStructure)
  /// A file was wanted.
  case notAFile(SquashFSStructure)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notSquashFS, .unsupportedByteOrder, .unsupportedVersion, .unsupportedCompressor:
      .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notSquashFS: "not a SquashFS"
    case .unsupportedByteOrder: "SquashFS with the high byte first is not supported"
    case .unsupportedVersion(let major, let minor):
      "SquashFS \(major).\(minor) is not supported, only 4.0"
    case .unsupportedCompressor(let id): "compressor \(id) is not supported"
    case .badSuperblock(let field, let value): "superblock: \(field) is \(value)"
    case .outOfRange(let place, let offset): "\(place.text): byte \(offset) is no part of it"
    case .metadataTooShort(let place): "\(place.text): the metadata ends too early"
    case .badInodeType(let place, let type): "\(place.text): no inode has the type \(type)"
    case .tooManyBlocks(let place, let count): "\(place.text): file of \(count) blocks"
    case .badBlockSize(let place, let block, let count):
      "\(place.text): block \(block) is stored in \(count) bytes"
    case .noFragment(let place, let index): "\(place.text): there is no fragment \(index)"
    case .outsideOfFragment(let place, let index, let offset):
      "\(place.text): fragment \(index) has no byte \(offset)"
    case .directoryTooLarge(let place, let count): "\(place.text): \(count) bytes"
    case .badDirectory(let place): "\(place.text): bad entry"
    case .badName(let place): "\(place.text): bad name"
    case .badLink(let place): "\(place.text): bad symbolic link"
    case .notADirectory(let place): "\(place.text): not a directory"
    case .notALink(let place): "\(place.text): not a symbolic link"
    case .notAFile(let place): "\(place.text): not a file"
    }
  }
}
