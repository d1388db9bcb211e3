// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why a path leads nowhere, or a file can't be read.
public indirect enum FileError<Reader: BootFailure>: BootFailure {
  /// There is no such name; the path as far as the name that is missing.
  case notFound(ByteString)
  /// The same behind a symbolic link: the link, what it says, and the path as far as what is
  /// missing. A link of a /boot that is a file system of its own may lead out of it.
  case linkTargetNotFound(ByteString, target: ByteString, missing: ByteString)
  /// The path goes on, or ends with a slash, after something that is no directory.
  case notADirectory(ByteString)
  /// The path leads to a directory or a device where a file is wanted.
  case notAFile(ByteString)
  /// More symbolic links than the limit were met on the way.
  case tooManyLinks(ByteString, limit: Int)
  /// The path, or the target of a symbolic link on the way, is longer than the limit.
  case pathTooLong(byteCount: Int, limit: Int)
  /// The path leads through more directories than the limit.
  case tooDeep(ByteString, limit: Int)
  /// The path does not start with a slash.
  case notAbsolute(ByteString)
  /// The file is larger than the caller's limit.
  case tooLarge(ByteString, byteCount: UInt64, limit: Int)
  /// The volume can't be read.
  case device(BlockError)
  /// The file system's reader failed.
  case reader(Reader)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .notFound, .linkTargetNotFound, .notADirectory, .notAFile, .tooManyLinks, .pathTooLong,
      .tooDeep, .notAbsolute, .tooLarge:
      .wrongRequest
    case .device(let error): error.family
    case .reader(let error): error.family
    }
  }

  /// One line that names the path or the place.
  public var message: ByteString {
    switch self {
    case .notFound(let path): "\(path): not found"
    case .linkTargetNotFound(let link, let target, let missing):
      "\(link): a link to \(target), but \(missing) is not on this file system"
    case .notADirectory(let path): "\(path): not a directory"
    case .notAFile(let path): "\(path): not a file"
    case .tooManyLinks(let path, let limit): "\(path): more than \(limit) symbolic links"
    case .pathTooLong(let count, let limit): "path of \(count) bytes is over the limit of \(limit)"
    case .tooDeep(let path, let limit): "\(path): more than \(limit) directories deep"
    case .notAbsolute(let path): "\(path): does not start with /"
    case .tooLarge(let path, let count, let limit):
      "\(path): \(count) bytes are over the limit of \(limit)"
    case .device(let error): error.message
    case .reader(let error): error.message
    }
  }
}
