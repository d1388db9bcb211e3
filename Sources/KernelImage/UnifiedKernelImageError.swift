// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a PE file's section table can't be used. Offsets are bytes of the file.
public indirect enum UnifiedKernelImageError: BootFailure {
  /// The section table is not within the first `byteCount` bytes, which is all that is read.
  case truncated(byteCount: Int)
  /// A PE file for another machine.
  case machine(UInt16)
  /// More sections than the limit.
  case sectionCount(UInt16)
  /// A section that leaves the file.
  case sectionOutsideFile(
    ByteString, start: UInt64, byteCount: UInt64, fileByteCount: UInt64)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .machine, .sectionCount: .unsupported
    case .truncated, .sectionOutsideFile: .corrupt
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .truncated(let count):
      "the PE file's section table is not within its first \(count) bytes"
    case .machine(let machine):
      "the PE file is for another machine (\(hex: UInt64(machine)))"
    case .sectionCount(let count): "PE file with \(count) sections"
    case .sectionOutsideFile(let name, let start, let count, let size):
      "section \(name) (\(count) bytes at byte \(start)) leaves the file of \(size) bytes"
    }
  }
}
