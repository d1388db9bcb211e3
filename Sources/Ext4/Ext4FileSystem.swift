// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A name of a file in an ext2, ext3 or ext4 file system.
public struct Ext4Node: Equatable, Sendable {
  /// The number of the inode.
  public let inode: UInt32

  /// The node of an inode.
  public init(inode: UInt32) { self.inode = inode }
}

/// A reader of ext2, ext3 and ext4, which are one format with more or less features.
///
/// Nothing is kept but the superblock, a group's descriptor, and where the journal has newer
/// contents of blocks: the device below is expected to have a cache. All checksums of what is read
/// are checked.
public final class Ext4FileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let superblock: Superblock

  /// Blocks from the journal, which replace those on the volume.
  let overlay: JournalOverlay

  /// Whether the journal had to be replayed, and what came of it.
  public let journal: JournalState

  /// Opens the file system on `volume`. Throws `Ext4Error.notExt4` if there is none.
  public static func open(_ volume: Volume<Device>) throws(Ext4Error) -> Ext4FileSystem {
    guard let system = try probe(volume) else { throw .notExt4 }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no superblock with the magic number.
  /// Throws if there is one that can't be used. A journal that needs it is replayed in memory.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(Ext4Error) -> Ext4FileSystem? {
    guard let stored = try storedSystem(volume) else { return nil }
    guard stored.superblock.features.needsRecovery else { return stored }
    // A journal that is too much work leaves as much again for the file system without it.
    let scope = volume.work.begin(WorkShare())
    defer { volume.work.end(scope) }
    do throws(JournalError) {
      return try stored.withJournalReplayed()
    } catch {
      // An older view boots more often than none at all.
      return Ext4FileSystem(volume, stored.superblock, .empty, .notReplayed(error))
    }
  }

  /// The file system as it is on the volume, without regard to its journal.
  static func storedSystem(_ volume: Volume<Device>) throws(Ext4Error) -> Ext4FileSystem? {
    guard volume.byteCount >= Superblock.byteOffset + UInt64(Superblock.byteCount) else {
      return nil
    }
    let bytes: [UInt8]
    do {
      bytes = try volume.read(at: Superblock.byteOffset, count: Superblock.byteCount)
    } catch { throw .device(error) }
    let view = ByteView(bytes)
    guard Superblock.isPresent(in: view) else { return nil }
    return Ext4FileSystem(volume, try superblock(view, of: volume), .empty, .clean)
  }

  /// The group whose descriptor was checked last.
  let lastGroup = LastGroup()

  private init(
    _ volume: Volume<Device>, _ superblock: Superblock, _ overlay: JournalOverlay,
    _ journal: JournalState
  ) {
    self.volume = volume
    self.superblock = superblock
    self.overlay = overlay
    self.journal = journal
  }

  private static func superblock(
    _ view: ByteView, of volume: Volume<Device>
  ) throws(Ext4Error) -> Superblock {
    let superblock = try Superblock(view)
    guard superblock.byteCount <= volume.byteCount else {
      throw .largerThanVolume(
        byteCount: superblock.byteCount, volumeByteCount: volume.byteCount)
    }
    return superblock
  }

  /// The file system as its journal makes it; the superblock may be in the journal too.
  private func withJournalReplayed() throws(JournalError) -> Ext4FileSystem {
    let replay = try JournalReplay(of: self)
    let system = Ext4FileSystem(volume, superblock, replay.overlay, .replayed(replay.summary))
    do throws(Ext4Error) {
      let view = try system.bytes(at: Superblock.byteOffset, count: Superblock.byteCount)
      let superblock = try Self.superblock(view, of: volume)
      guard superblock.blockByteCount == self.superblock.blockByteCount else {
        throw .badSuperblock(field: "log_block_size", value: UInt64(superblock.blockByteCount))
      }
      return Ext4FileSystem(volume, superblock, replay.overlay, .replayed(replay.summary))
    } catch { throw .badResult(error) }
  }

  /// `ext4`, whatever its version.
  public static var readerName: ByteString { "ext4" }

  /// `ext2`, `ext3` or `ext4`.
  public var formatName: ByteString { superblock.features.formatName }

  /// The volume's label.
  public var label: ByteString { superblock.label }

  /// The file system's UUID.
  public var uuid: ByteString { superblock.uuid.isZero ? "" : superblock.uuid.text }

  /// Whether the file system was not unmounted, so that what was written last is in its journal
  /// only. Nobody but a kernel may write to it then: a replay would undo the change.
  public var needsRecovery: Bool { journal != .clean }

  /// What an administrator should know; nil if nothing.
  public var remark: ByteString? {
    var damage: ByteString?
    if let error = lastGroup.damage {
      damage = "\(error.message); read anyway, e2fsck should be run"
    }
    let state: ByteString? =
      switch journal {
      case .clean: nil
      case .replayed(let summary): "was not unmounted; \(summary.message)"
      case .notReplayed(let error):
        "was not unmounted and its journal is not replayed, so the newest changes are missing: "
          + error.message
      }
    guard let state, let damage else { return state ?? damage }
    return "\(state); \(damage)"
  }

  /// Inode 2.
  public func root() throws(Ext4Error) -> Ext4Node { Ext4Node(inode: 2) }

  /// The node that `name` leads to, compared by bytes, or without regard to case where the
  /// directory says so.
  public func lookUp(
    _ name: ByteString, in directory: Ext4Node
  ) throws(Ext4Error) -> Ext4Node? {
    let directory = try readableDirectory(directory)
    return try directory.lookUp(name).map { Ext4Node(inode: $0) }
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: Ext4Node, _ visit: (ByteString, Ext4Node) -> Bool
  ) throws(Ext4Error) {
    let directory = try readableDirectory(directory)
    for index in 0..<directory.blockCount {
      var records = try directory.records(index)
      while let record = try records.next() {
        try pay(.names)
        let name = records.name(of: record)
        if name == "." || name == ".." { continue }
        guard visit(name, Ext4Node(inode: record.inode)) else { return }
      }
      try pay(.comparisons, records.stepCount)
    }
  }

  /// What the inode says.
  public func attributes(of node: Ext4Node) throws(Ext4Error) -> NodeAttributes {
    let inode = try inode(node.inode)
    return NodeAttributes(
      kind: inode.kind, byteCount: inode.kind == .special ? 0 : inode.byteCount,
      mode: inode.mode & 0xfff, modificationTime: inode.modificationTime)
  }

  /// The target, from the inode or from its block.
  public func linkTarget(of node: Ext4Node) throws(Ext4Error) -> ByteString {
    let inode = try inode(node.inode)
    guard inode.kind == .symbolicLink else { throw .notALink(inode: node.inode) }
    try checkReadable(inode)
    guard inode.byteCount <= Ext4Limits.linkByteCount else {
      throw .badSize(inode: node.inode, byteCount: inode.byteCount)
    }
    let count = Int(inode.byteCount)
    if inode.hasInlineData {
      let target = try InlineData(inode).prefix(inode.byteCount)
      guard target.count == count else { throw .badInlineData(inode: inode.number) }
      return ByteString(target)
    }
    if inode.isFastLink,
      let target = inode.blockField.string(at: 0, count: count)
    {
      return target
    }
    var result: [UInt8] = []
    for extent in try extents(of: inode) {
      guard case .run(let offset, let byteCount) = extent, byteCount <= UInt64(count) else {
        throw .badSize(inode: node.inode, byteCount: inode.byteCount)
      }
      result += try bytes(at: offset, count: Int(byteCount)).bytes
    }
    return ByteString(result)
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: Ext4Node) throws(Ext4Error) -> [Extent] {
    let inode = try inode(node.inode)
    guard inode.kind == .file else { throw .notAFile(inode: node.inode) }
    try checkReadable(inode)
    if inode.hasInlineData { return try inlineExtents(of: inode) }
    let pieces: [Extent]
    let extents = try extents(of: inode)
    do {
      pieces = try overlay.pieces(
        of: extents, countMax: Ext4Limits.extentCount, paidBy: volume.work)
    } catch { throw .device(error) }
    guard pieces.count <= Ext4Limits.extentCount else {
      throw .tooFragmented(inode: inode.number)
    }
    return pieces
  }

  private func readableDirectory(_ node: Ext4Node) throws(Ext4Error) -> Directory<Device> {
    let inode = try inode(node.inode)
    guard inode.kind == .directory else { throw .notADirectory(inode: node.inode) }
    try checkReadable(inode)
    return try Directory(inode, in: self)
  }

  /// The contents in the inode, and zeros if the file is longer, as Linux reads it.
  private func inlineExtents(of inode: Inode) throws(Ext4Error) -> [Extent] {
    let bytes = try InlineData(inode).prefix(inode.byteCount)
    let rest = inode.byteCount - UInt64(bytes.count)
    return (bytes.isEmpty ? [] : [.inline(bytes)]) + (rest == 0 ? [] : [.zeros(byteCount: rest)])
  }

  private func checkReadable(_ inode: Inode) throws(Ext4Error) {
    if inode.isEncrypted { throw .unsupportedFile(inode: inode.number, feature: "encryption") }
  }
}
