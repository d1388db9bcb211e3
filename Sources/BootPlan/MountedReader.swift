// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Btrfs
import Bytes
import EROFS
import Ext4
import FAT
import FileSystem
import ISO9660
import SquashFS
import XFS

/// Whichever reader knows what is on a volume, as one reader. What walks paths and reads files is
/// compiled for this one, and not seven times. A new format is a case here, one of `Node`, and a
/// line in each switch.
enum MountedReader<Device: BlockDevice>: FileSystem {
  case btrfs(BtrfsFileSystem<Device>)
  case ext4(Ext4FileSystem<Device>)
  case fat(FATFileSystem<Device>)
  case iso9660(ISO9660FileSystem<Device>)
  case xfs(XFSFileSystem<Device>)
  case squashFS(SquashFSFileSystem<Device>)
  case erofs(EROFSFileSystem<Device>)

  /// What names a file, and the reader that knows it.
  indirect enum Node {
    case btrfs(BtrfsNode, BtrfsFileSystem<Device>)
    case ext4(Ext4Node, Ext4FileSystem<Device>)
    case fat(FATNode, FATFileSystem<Device>)
    case iso9660(ISO9660Node, ISO9660FileSystem<Device>)
    case xfs(XFSNode, XFSFileSystem<Device>)
    case squashFS(SquashFSNode, SquashFSFileSystem<Device>)
    case erofs(EROFSNode, EROFSFileSystem<Device>)
  }

  typealias Failure = BootError

  /// The format's name.
  var formatName: ByteString {
    switch self {
    case .btrfs(let system): system.formatName
    case .ext4(let system): system.formatName
    case .fat(let system): system.formatName
    case .iso9660(let system): system.formatName
    case .xfs(let system): system.formatName
    case .squashFS(let system): system.formatName
    case .erofs(let system): system.formatName
    }
  }

  /// The volume's label; empty if none.
  var label: ByteString {
    switch self {
    case .btrfs(let system): system.label
    case .ext4(let system): system.label
    case .fat(let system): system.label
    case .iso9660(let system): system.label
    case .xfs(let system): system.label
    case .squashFS(let system): system.label
    case .erofs(let system): system.label
    }
  }

  /// The volume's identifier; empty if none.
  var uuid: ByteString {
    switch self {
    case .btrfs(let system): system.uuid
    case .ext4(let system): system.uuid
    case .fat(let system): system.uuid
    case .iso9660(let system): system.uuid
    case .xfs(let system): system.uuid
    case .squashFS(let system): system.uuid
    case .erofs(let system): system.uuid
    }
  }

  /// The directory that `/` stands for.
  func root() throws(BootError) -> Node {
    switch self {
    case .btrfs(let system): .btrfs(try system.start(), system)
    case .ext4(let system): .ext4(try system.start(), system)
    case .fat(let system): .fat(try system.start(), system)
    case .iso9660(let system): .iso9660(try system.start(), system)
    case .xfs(let system): .xfs(try system.start(), system)
    case .squashFS(let system): .squashFS(try system.start(), system)
    case .erofs(let system): .erofs(try system.start(), system)
    }
  }

  /// The node that `name` leads to in `directory`; nil if there is none.
  func lookUp(_ name: ByteString, in directory: Node) throws(BootError) -> Node? {
    switch directory {
    case .btrfs(let node, let system):
      try system.find(name, in: node).map { .btrfs($0, system) }
    case .ext4(let node, let system):
      try system.find(name, in: node).map { .ext4($0, system) }
    case .fat(let node, let system):
      try system.find(name, in: node).map { .fat($0, system) }
    case .iso9660(let node, let system):
      try system.find(name, in: node).map { .iso9660($0, system) }
    case .xfs(let node, let system):
      try system.find(name, in: node).map { .xfs($0, system) }
    case .squashFS(let node, let system):
      try system.find(name, in: node).map { .squashFS($0, system) }
    case .erofs(let node, let system):
      try system.find(name, in: node).map { .erofs($0, system) }
    }
  }

  /// The entries of `directory` without `.` and `..`.
  func entries(of directory: Node) throws(BootError) -> [DirectoryEntry<Node>] {
    switch directory {
    case .btrfs(let node, let system): try system.list(node) { .btrfs($0, system) }
    case .ext4(let node, let system): try system.list(node) { .ext4($0, system) }
    case .fat(let node, let system): try system.list(node) { .fat($0, system) }
    case .iso9660(let node, let system): try system.list(node) { .iso9660($0, system) }
    case .xfs(let node, let system): try system.list(node) { .xfs($0, system) }
    case .squashFS(let node, let system): try system.list(node) { .squashFS($0, system) }
    case .erofs(let node, let system): try system.list(node) { .erofs($0, system) }
    }
  }

  /// What `node` is.
  func attributes(of node: Node) throws(BootError) -> NodeAttributes {
    switch node {
    case .btrfs(let node, let system): try system.describe(node)
    case .ext4(let node, let system): try system.describe(node)
    case .fat(let node, let system): try system.describe(node)
    case .iso9660(let node, let system): try system.describe(node)
    case .xfs(let node, let system): try system.describe(node)
    case .squashFS(let node, let system): try system.describe(node)
    case .erofs(let node, let system): try system.describe(node)
    }
  }

  /// The path that the symbolic link `node` holds.
  func linkTarget(of node: Node) throws(BootError) -> ByteString {
    switch node {
    case .btrfs(let node, let system): try system.follow(node)
    case .ext4(let node, let system): try system.follow(node)
    case .fat(let node, let system): try system.follow(node)
    case .iso9660(let node, let system): try system.follow(node)
    case .xfs(let node, let system): try system.follow(node)
    case .squashFS(let node, let system): try system.follow(node)
    case .erofs(let node, let system): try system.follow(node)
    }
  }

  /// Where the contents of the file `node` are on the volume.
  func extents(of node: Node) throws(BootError) -> [Extent] {
    switch node {
    case .btrfs(let node, let system): try system.place(node)
    case .ext4(let node, let system): try system.place(node)
    case .fat(let node, let system): try system.place(node)
    case .iso9660(let node, let system): try system.place(node)
    case .xfs(let node, let system): try system.place(node)
    case .squashFS(let node, let system): try system.place(node)
    case .erofs(let node, let system): try system.place(node)
    }
  }
}

/// What a reader does, with its errors as a `BootError`. Each is a call, or one function had the
/// frames of seven readers.
extension FileSystem {
  @inline(never)
  fileprivate func start() throws(BootError) -> Node {
    do throws(Failure) { return try root() } catch { throw BootError(error) }
  }

  @inline(never)
  fileprivate func find(_ name: ByteString, in directory: Node) throws(BootError) -> Node? {
    do throws(Failure) { return try lookUp(name, in: directory) } catch { throw BootError(error) }
  }

  @inline(never)
  fileprivate func list<Other>(
    _ directory: Node, as other: (Node) -> Other
  ) throws(BootError) -> [DirectoryEntry<Other>] {
    do throws(Failure) {
      return try entries(of: directory).map {
        DirectoryEntry(name: $0.name, node: other($0.node))
      }
    } catch { throw BootError(error) }
  }

  @inline(never)
  fileprivate func describe(_ node: Node) throws(BootError) -> NodeAttributes {
    do throws(Failure) { return try attributes(of: node) } catch { throw BootError(error) }
  }

  @inline(never)
  fileprivate func follow(_ node: Node) throws(BootError) -> ByteString {
    do throws(Failure) { return try linkTarget(of: node) } catch { throw BootError(error) }
  }

  @inline(never)
  fileprivate func place(_ node: Node) throws(BootError) -> [Extent] {
    do throws(Failure) { return try extents(of: node) } catch { throw BootError(error) }
  }
}
