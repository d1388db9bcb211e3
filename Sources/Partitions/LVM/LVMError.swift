// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why LVM2's metadata, or a logical volume, can't be used.
public indirect enum LVMError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// The label's checksum is wrong.
  case badLabelChecksum(stored: UInt32, computed: UInt32)
  /// The header after the label breaks off.
  case badHeader
  /// A metadata area's header is damaged.
  case badAreaChecksum(stored: UInt32, computed: UInt32)
  /// A metadata area's header is none.
  case badArea(byteOffset: UInt64)
  /// A metadata area's header has a version that is not known here.
  case unsupportedAreaVersion(UInt32)
  /// The text is said to be outside its area, or to be over the limit.
  case badTextPlace(byteOffset: UInt64, byteCount: UInt64)
  /// The text's checksum is wrong.
  case badTextChecksum(stored: UInt32, computed: UInt32)
  /// The text breaks its grammar.
  case badSyntax(byteOffset: Int)
  /// The text is nested too deeply or has too many parts.
  case tooComplex
  /// The text lacks a value, or has one of another kind.
  case missingValue(ByteString)
  /// A number in the text is not possible.
  case badValue(ByteString)
  /// The text is not of the format that is known here.
  case unsupportedFormat(ByteString)
  /// A segment's type is not supported.
  case unsupportedType(ByteString)
  /// A reshape of the volume's images is under way.
  case reshaping
  /// A physical volume is not there.
  case missingPhysicalVolume(ByteString)
  /// Too few images of a volume are there.
  case missingImages(ByteString)
  /// The text names a volume that it does not have.
  case unknownName(ByteString)
  /// The segments do not follow each other.
  case segmentGap
  /// A segment is outside what it is on.
  case outOfRange(ByteString)
  /// Volumes stand on volumes too deeply, or in a circle.
  case tooDeep

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .unsupportedAreaVersion, .unsupportedFormat, .unsupportedType, .reshaping, .tooDeep:
      .unsupported
    case .missingPhysicalVolume, .missingImages: .device
    default: .corrupt
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .device(let error): "LVM2 metadata: \(error.message)"
    case .badLabelChecksum(let stored, let computed):
      "LVM2 label: checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .badHeader: "LVM2 label: the header of the physical volume is damaged"
    case .badAreaChecksum(let stored, let computed):
      "LVM2 metadata area: checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .badArea(let offset): "LVM2 metadata area: none at byte \(offset)"
    case .unsupportedAreaVersion(let version):
      "LVM2 metadata area: version \(version) is not supported"
    case .badTextPlace(let offset, let count):
      "LVM2 metadata area: a text of \(count) bytes at byte \(offset)"
    case .badTextChecksum(let stored, let computed):
      "LVM2 metadata: checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .badSyntax(let offset): "LVM2 metadata: syntax error at byte \(offset)"
    case .tooComplex: "LVM2 metadata: more parts than the limit"
    case .missingValue(let name): "LVM2 metadata: no \(name)"
    case .badValue(let name): "LVM2 metadata: \(name) is not possible"
    case .unsupportedFormat(let format): "LVM2 metadata: format \(format) is not supported"
    case .unsupportedType(let type): "segments of type \(type) are not supported"
    case .reshaping: "a reshape is under way"
    case .missingPhysicalVolume(let identifier): "physical volume \(identifier) is missing"
    case .missingImages(let type): "too few images of \(type) are there"
    case .unknownName(let name): "LVM2 metadata: no volume \(name)"
    case .segmentGap: "LVM2 metadata: segments do not follow each other"
    case .outOfRange(let name): "LVM2 metadata: a segment is outside \(name)"
    case .tooDeep: "volumes stand on volumes too deeply"
    }
  }
}
