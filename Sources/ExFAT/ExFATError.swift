// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why an exFAT can't be read. Files are named by their first clusters.
public indirect enum ExFATError: BootFailure {
  /// The volume can't be read.
  case device(BlockError)
  /// There is no exFAT.
  case notExFAT
  /// The file system is of a revision that this reader does not know; the number as it is stored.
  case unknownRevision(UInt16)
  /// A field of the boot sector makes no sense; its name and value.
  case badBootSector(field: ByteString, value: UInt64)
  /// The checksums of both boot regions are wrong; those of the first one.
  case wrongChecksum(stored: UInt32, computed: UInt32)
  /// The table leads to a cluster that there is not.
  case badCluster(UInt32, from: UInt32)
  /// A cluster is not on the volume.
  case clusterBeyondVolume(UInt32)
  /// A chain of clusters comes back to where it was.
  case chainLoops(first: UInt32)
  /// A chain of clusters ends before the file does.
  case chainTooShort(first: UInt32, byteCount: UInt64)
  /// A file has more bytes than the file system, or more that are valid than it has.
  case badSize(first: UInt32, byteCount: UInt64)
  /// A file is in more pieces than the limit.
  case tooFragmented(first: UInt32)
  /// A directory is larger than the limit.
  case directoryTooLarge(first: UInt32)
  /// A name was not found, and entries from this one on, counted from 0, are damaged.
  case badEntries(first: UInt32, entry: UInt64)
  /// A directory was wanted.
  case notADirectory(first: UInt32)
  /// A symbolic link was wanted; exFAT has none.
  case notALink(first: UInt32)
  /// A file was wanted.
  case notAFile(first: UInt32)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .notADirectory, .notALink, .notAFile: .wrongRequest
    case .notExFAT, .unknownRevision: .unsupported
    default: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .device(let error): error.message
    case .notExFAT: "not an exFAT"
    case .unknownRevision(let number):
      "revision \(UInt64(number >> 8)).\(UInt64(number & 255)) is not supported"
    case .badBootSector(let field, let value): "boot sector: \(field) is \(value)"
    case .wrongChecksum(let stored, let computed):
      "boot region: checksum is \(hex: UInt64(stored)), not \(hex: UInt64(computed))"
    case .badCluster(let cluster, let from): "table: cluster \(from) leads to \(cluster)"
    case .clusterBeyondVolume(let cluster): "cluster \(cluster) is beyond the volume's end"
    case .chainLoops(let first): "the chain from cluster \(first) on goes in a circle"
    case .chainTooShort(let first, let count):
      "the chain from cluster \(first) on is too short for \(count) bytes"
    case .badSize(let first, let count): "file at cluster \(first): size of \(count) bytes"
    case .tooFragmented(let first): "file at cluster \(first): too many pieces"
    case .directoryTooLarge(let first): "directory at cluster \(first): too large"
    case .badEntries(let first, let entry):
      "directory at cluster \(first): damaged entries from number \(entry) on"
    case .notADirectory(let first): "cluster \(first) is not a directory"
    case .notALink(let first): "cluster \(first) is not a symbolic link"
    case .notAFile(let first): "cluster \(first) is not a file"
    }
  }
}
