// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a block could not be unpacked.
public enum BlockDecodingError: BootFailure {
  /// The bytes break the format's rules, or end too early.
  case corrupt(BlockFormat)
  /// More comes out than the `byteCount` bytes that a block may have.
  case longerThanExpected(BlockFormat, byteCount: Int)
  /// The block uses an option of its format, or a dictionary, that is beyond the limits.
  case unsupportedOption(BlockFormat)
  /// The heap had no room for the decoder.
  case outOfMemory(BlockFormat)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .corrupt, .longerThanExpected: .corrupt
    case .unsupportedOption, .outOfMemory: .unsupported
    }
  }

  /// One line that names the format.
  public var message: ByteString {
    switch self {
    case .corrupt(let format): "corrupt \(format.name) data"
    case .longerThanExpected(let format, let count):
      "the \(format.name) data unpacks to more than \(count) bytes"
    case .unsupportedOption(let format):
      "the \(format.name) data uses an option that is not supported"
    case .outOfMemory(let format): "no memory to unpack \(format.name) data"
    }
  }
}
