// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// What a name in a directory stands for.
public enum NodeKind: Equatable, Sendable {
  /// A file with contents.
  case file
  /// A directory.
  case directory
  /// A symbolic link.
  case symbolicLink
  /// A device, a pipe or a socket: nothing to read.
  case special
}

/// What is known about a node.
public struct NodeAttributes: Equatable, Sendable {
  /// What it is.
  public var kind: NodeKind
  /// The size of its contents in bytes.
  public var byteCount: UInt64
  /// The permission bits of POSIX, without the kind.
  public var mode: UInt16
  /// Seconds since 1970 of the last change of the contents.
  public var modificationTime: Int64

  /// Attributes of a node.
  public init(kind: NodeKind, byteCount: UInt64, mode: UInt16, modificationTime: Int64) {
    self.kind = kind
    self.byteCount = byteCount
    self.mode = mode
    self.modificationTime = modificationTime
  }
}

/// A reader of one file system format. It reads and decodes; walking paths is `PathWalk`'s work.
public protocol FileSystem {
  /// What names a file: an inode, a directory record.
  associatedtype Node
  /// The reader's errors.
  associatedtype Failure: BootFailure

  /// The format's name for people: `ext4`, `iso9660`.
  var formatName: ByteString { get }

  /// The volume's label; empty if it has none.
  var label: ByteString { get }

  /// The volume's identifier as `blkid` and GRUB's `search --fs-uuid` write it; empty if none.
  var uuid: ByteString { get }

  /// The directory that `/` stands for.
  func root() throws(Failure) -> Node

  /// The node that `name` leads to in `directory`; nil if there is none. `.` and `..` are found
  /// like any other name.
  func lookUp(_ name: ByteString, in directory: Node) throws(Failure) -> Node?

  /// Goes through the entries of `directory` without `.` and `..`, in the order they are stored:
  /// calls `visit` with the name, which has no slash in it, and what it leads to, until that gives
  /// false. No list is made: a directory can be as long as its disk likes.
  func visitEntries(
    of directory: Node, _ visit: (ByteString, Node) -> Bool
  ) throws(Failure)

  /// What `node` is.
  func attributes(of node: Node) throws(Failure) -> NodeAttributes

  /// The path that the symbolic link `node` holds.
  func linkTarget(of node: Node) throws(Failure) -> ByteString

  /// Where the contents of the file `node` are on the volume.
  func extents(of node: Node) throws(Failure) -> [Extent]
}
