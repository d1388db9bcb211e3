// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import FileSystem

/// What a path leads to.
public enum PathKind: Equatable, Sendable {
  /// A file of that many bytes.
  case file(byteCount: UInt64)
  /// A directory.
  case directory
  /// Anything else.
  case other
}

/// What a path leads to, in detail.
public final class FoundFile {
  /// The path without symbolic links, `.`, `..` and doubled slashes.
  public let path: ByteString
  /// What is there.
  public let attributes: NodeAttributes

  /// What was found at `path`.
  public init(path: ByteString, attributes: NodeAttributes) {
    self.path = path
    self.attributes = attributes
  }
}
