// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A structure on the disk, for messages.
public enum UDFStructure: Equatable, Sendable {
  /// The descriptor in a sector of the volume.
  case sector(UInt64)
  /// The descriptor in a block of a partition; the partition as the volume's maps count it.
  case block(UInt32, partition: UInt16)
  /// The file identifier at a byte of the directory in a block.
  case identifier(byteOffset: Int, block: UInt32)

  /// The words for a message.
  public var text: ByteString {
    switch self {
    case .sector(let sector): "sector \(sector)"
    case .block(let block, let partition): "block \(block) of partition \(partition)"
    case .identifier(let offset, let block): "name at byte \(offset) of the directory in \(block)"
    }
  }
}

/// Why a UDF file system can't be read.
public indirect enum UDFError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no UDF file system.
  case notUDF
  /// No anchor leads to the volume's descriptors.
  case noAnchor
  /// The volume's descriptors lack one; its name.
  case missingDescriptor(ByteString)
  /// There is another descriptor than the one that was expected, or none.
  case badTag(UDFStructure, expected: UInt16, found: UInt16)
  /// The sum over a descriptor's tag is wrong.
  case badTagChecksum(UDFStructure)
  /// A descriptor says that it is somewhere else.
  case wrongPlace(UDFStructure, place: UInt32)
  /// The checksum of a descriptor is wrong.
  case badChecksum(UDFStructure, stored: UInt16, computed: UInt16)
  /// A field makes no sense; its name and value.
  case badField(UDFStructure, field: ByteString, value: UInt64)
  /// A block is outside its partition, or the partition outside the volume.
  case outOfRange(UDFStructure, block: UInt64)
  /// A partition is named that the volume does not have.
  case noPartition(UDFStructure, number: UInt16)
  /// A kind of partition, or of file, that this reader does not have; its name.
  case unsupported(ByteString)
  /// No copy of a table is good; its name.
  case noTable(ByteString)
  /// Something has more parts than the limit; what.
  case tooMany(UDFStructure, ByteString)
  /// The parts of a file are less than its size.
  case missingParts(UDFStructure, byteCount: UInt64)
  /// A directory is larger than the limit.
  case directoryTooLarge(UDFStructure, byteCount: UInt64)
  /// The target of a symbolic link makes no sense, or is over the limit.
  case badLink(UDFStructure)
  /// A directory was wanted.
  case notADirectory(UDFStructure)
  /// A symbolic link was wanted.
  case notALink(UDFStructure)
  /// A file was wanted.
  case notAFile(UDFStructure)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notUDF, .unsupported: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notUDF: "not a UDF file system"
    case .noAnchor: "no anchor in sector 256, at the end or 256 before it"
    case .missingDescriptor(let name): "the volume's descriptors have no \(name)"
    case .badTag(let place, let expected, let found):
      "\(place.text): descriptor \(found) instead of \(expected)"
    case .badTagChecksum(let place): "\(place.text): the tag's checksum is wrong"
    case .wrongPlace(let place, let stored): "\(place.text): the descriptor is of \(stored)"
    case .badChecksum(let place, let stored, let computed):
      "\(place.text): checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .badField(let place, let field, let value): "\(place.text): \(field) is \(value)"
    case .outOfRange(let place, let block): "\(place.text): no block \(block)"
    case .noPartition(let place, let number): "\(place.text): no partition \(number)"
    case .unsupported(let name): "\(name) is not supported"
    case .noTable(let name): "no copy of the \(name) is good"
    case .tooMany(let place, let what): "\(place.text): too many \(what)"
    case .missingParts(let place, let count): "\(place.text): \(count) bytes are missing"
    case .directoryTooLarge(let place, let count): "\(place.text): directory of \(count) bytes"
    case .badLink(let place): "\(place.text): bad symbolic link"
    case .notADirectory(let place): "\(place.text): not a directory"
    case .notALink(let place): "\(place.text): not a symbolic link"
    case .notAFile(let place): "\(place.text): not a file"
    }
  }
}
