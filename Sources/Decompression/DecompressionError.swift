// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why packed data could not be unpacked. Positions are bytes of the packed stream.
public enum DecompressionError: BootFailure {
  /// The stream uses a feature of its format that the decoder lacks.
  case unsupportedOption(PayloadFormat, position: UInt64)
  /// The first bytes are not those of the format.
  case wrongMagic(PayloadFormat)
  /// The bytes before `position` break the format's rules or fail its checksum.
  case corrupt(PayloadFormat, position: UInt64)
  /// More comes out than the `byteCount` bytes that there was room for, or that the file tells of.
  case longerThanExpected(PayloadFormat, byteCount: UInt64)
  /// Less, or more, came out than the file says after the packed data.
  case wrongSize(PayloadFormat, stated: UInt64, unpacked: UInt64)
  /// The stream needs more memory than the loader may use. Both in bytes.
  case memoryLimit(PayloadFormat, needed: UInt64, limit: UInt64)
  /// The heap had no room for the decoder.
  case outOfMemory(PayloadFormat)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .unsupportedOption, .memoryLimit, .outOfMemory: .unsupported
    case .wrongMagic, .corrupt, .longerThanExpected, .wrongSize: .corrupt
    }
  }

  /// One line that names the format and the place.
  public var message: ByteString {
    switch self {
    case .unsupportedOption(let format, let position):
      "the \(format.name) data uses an option that is not supported, at byte \(position)"
    case .wrongMagic(let format): "the data is not \(format.name) data"
    case .corrupt(let format, let position):
      "the \(format.name) data is corrupt at byte \(position)"
    case .longerThanExpected(let format, let count):
      "the \(format.name) data unpacks to more than the \(count) bytes that were expected"
    case .wrongSize(let format, let stated, let unpacked):
      "the \(format.name) data unpacks to \(unpacked) bytes, and \(stated) are stated behind it"
    case .memoryLimit(let format, let needed, let limit):
      "unpacking the \(format.name) data needs \(kibibytes(needed)) KiB of memory, "
        + "\(kibibytes(limit)) KiB are available"
    case .outOfMemory(let format): "no memory to unpack the \(format.name) data"
    }
  }

  private func kibibytes(_ byteCount: UInt64) -> UInt64 {
    byteCount / 1024 + (byteCount % 1024 == 0 ? 0 : 1)
  }
}
