// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why a FAT file system can't be read.
public indirect enum FATError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no FAT file system.
  case notFAT
  /// There is a related file system, which this reader can't read; its name.
  case unsupportedFormat(ByteString)
  /// A field of the boot sector makes no sense; its name and value.
  case badBootSector(field: ByteString, value: UInt64)
  /// A chain leads to a cluster that does not exist, or to one marked as free or bad.
  case badCluster(UInt32, from: UInt32)
  /// A cluster is not on the volume, which is smaller than the boot sector says.
  case clusterBeyondVolume(UInt32)
  /// A chain goes in a circle.
  case chainLoops(first: UInt32)
  /// A chain ends before the file does.
  case chainTooShort(first: UInt32, byteCount: UInt64)
  /// A file is larger than the file system.
  case badSize(first: UInt32, byteCount: UInt64)
  /// A file is in more pieces than the limit.
  case tooFragmented(first: UInt32)
  /// A directory is larger than the limit.
  case directoryTooLarge(first: UInt32)
  /// A directory was wanted.
  case notADirectory(first: UInt32)
  /// A symbolic link was wanted; FAT has none.
  case notALink(first: UInt32)
  /// A file was wanted.
  case notAFile(first: UInt32)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notFAT, .unsupportedFormat: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notFAT: "not a FAT file system"
    case .unsupportedFormat(let name): "\(name) is not supported"
    case .badBootSector(let field, let value): "boot sector: \(field) is \(value)"
    case .badCluster(let cluster, let from): "table: cluster \(from) leads to \(cluster)"
    case .clusterBeyondVolume(let cluster): "cluster \(cluster) is beyond the volume's end"
    case .chainLoops(let first): "the chain from cluster \(first) on goes in a circle"
    case .chainTooShort(let first, let count):
      "the chain from cluster \(first) on is too short for \(count) bytes"
    case .badSize(let first, let count): "file at cluster \(first): size of \(count) bytes"
    case .tooFragmented(let first): "file at cluster \(first): too many pieces"
    case .directoryTooLarge(let first): "directory at cluster \(first): too large"
    case .notADirectory(let first): "cluster \(first) is not a directory"
    case .notALink(let first): "cluster \(first) is not a symbolic link"
    case .notAFile(let first): "cluster \(first) is not a file"
    }
  }
}
