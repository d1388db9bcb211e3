// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages.
public enum ISO9660Structure: Equatable, Sendable {
  /// The volume descriptor in a sector of 2048 bytes.
  case descriptor(sector: UInt64)
  /// The directory record that starts at a byte of the volume.
  case record(byteOffset: UInt64)
  /// The continuation area that starts at a byte of the volume.
  case continuation(byteOffset: UInt64)
  /// The boot catalogue of El Torito in a sector of 2048 bytes.
  case bootCatalogue(sector: UInt64)

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .descriptor(let sector): "volume descriptor in sector \(sector)"
    case .record(let offset): "directory record at byte \(offset)"
    case .continuation(let offset): "continuation area at byte \(offset)"
    case .bootCatalogue(let sector): "boot catalogue in sector \(sector)"
    }
  }
}

/// Why an ISO 9660 file system can't be read.
public indirect enum ISO9660Error: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no ISO 9660 file system.
  case notISO9660
  /// There is a file system of optical disks that this reader does not have; its name.
  case unsupportedFormat(ByteString)
  /// The file needs something that this reader does not have; its name.
  case unsupportedFile(ISO9660Structure, feature: ByteString)
  /// There are volume descriptors, but no primary one among them.
  case noPrimaryDescriptor
  /// A field of a volume descriptor makes no sense; its name and value.
  case badDescriptor(ISO9660Structure, field: ByteString, value: UInt64)
  /// A directory does not begin with the record of itself.
  case noSelfRecord(ISO9660Structure)
  /// A directory record makes no sense: its length, or its name's.
  case badRecord(ISO9660Structure)
  /// A number is stored twice, once for each order of bytes, and the two differ; the byte in the
  /// structure.
  case disagreement(ISO9660Structure, offset: Int)
  /// A structure names a block that the volume does not have.
  case blockOutOfRange(ISO9660Structure, block: UInt64)
  /// A directory is larger than the limit.
  case directoryTooLarge(ISO9660Structure, byteCount: UInt64)
  /// The next record of a file in several extents is missing.
  case missingSection(ISO9660Structure)
  /// A file has more extents than the limit.
  case tooManySections(ISO9660Structure)
  /// An entry of a system use area makes no sense; the byte in the area.
  case badSystemUse(ISO9660Structure, offset: Int)
  /// A record has more continuation areas than the limit, or they go in a circle.
  case tooManyContinuations(ISO9660Structure)
  /// A continuation area is longer than the limit.
  case continuationTooLong(ISO9660Structure, byteCount: UInt64)
  /// A name is longer than the limit.
  case nameTooLong(ISO9660Structure)
  /// A name is empty or has a slash or a zero in it.
  case badName(ISO9660Structure)
  /// The target of a symbolic link is longer than the limit.
  case linkTooLong(ISO9660Structure)
  /// The target of a symbolic link ends too early, or its components make no sense.
  case badLink(ISO9660Structure)
  /// A relocated directory is not where its link says.
  case badChildLink(ISO9660Structure, block: UInt64)
  /// A compressed file's pointers or sizes make no sense; which one, and its value.
  case badZisofs(ISO9660Structure, field: ByteString, value: UInt64)
  /// The header of a compressed file is not what its directory record announces.
  case badZisofsHeader(ISO9660Structure)
  /// The boot catalogue makes no sense.
  case badBootCatalogue(ISO9660Structure)
  /// A directory was wanted.
  case notADirectory(ISO9660Structure)
  /// A symbolic link was wanted.
  case notALink(ISO9660Structure)
  /// A file was wanted.
  case notAFile(ISO9660Structure)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notISO9660, .unsupportedFormat, .unsupportedFile: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notISO9660: "not an ISO 9660 file system"
    case .unsupportedFormat(let name): "\(name) is not supported"
    case .unsupportedFile(let place, let name):
      "\(place.text): the file uses \(name), which is not supported"
    case .noPrimaryDescriptor: "no primary volume descriptor"
    case .badDescriptor(let place, let field, let value): "\(place.text): \(field) is \(value)"
    case .noSelfRecord(let place): "\(place.text): no directory there"
    case .badRecord(let place): "\(place.text): bad record"
    case .disagreement(let place, let offset):
      "\(place.text): the two forms of the number at byte \(offset) differ"
    case .blockOutOfRange(let place, let block): "\(place.text): no block \(block)"
    case .directoryTooLarge(let place, let count): "\(place.text): directory of \(count) bytes"
    case .missingSection(let place): "\(place.text): the file's next extent is missing"
    case .tooManySections(let place): "\(place.text): too many extents"
    case .badSystemUse(let place, let offset): "\(place.text): bad system use entry at \(offset)"
    case .tooManyContinuations(let place): "\(place.text): too many continuation areas"
    case .continuationTooLong(let place, let count):
      "\(place.text): continuation area of \(count) bytes"
    case .nameTooLong(let place): "\(place.text): the name is too long"
    case .badName(let place): "\(place.text): bad name"
    case .linkTooLong(let place): "\(place.text): the symbolic link is too long"
    case .badLink(let place): "\(place.text): bad symbolic link"
    case .badChildLink(let place, let block): "\(place.text): no relocated directory at \(block)"
    case .badZisofs(let place, let field, let value): "\(place.text): zisofs: \(field) is \(value)"
    case .badZisofsHeader(let place): "\(place.text): the file has no header of zisofs"
    case .badBootCatalogue(let place): "\(place.text): bad catalogue"
    case .notADirectory(let place): "\(place.text): not a directory"
    case .notALink(let place): "\(place.text): not a symbolic link"
    case .notAFile(let place): "\(place.text): not a file"
    }
  }
}
