// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import Bytes

/// What has become of the journal of a file system.
public enum JournalState: Equatable, Sendable {
  /// The file system was unmounted: nothing is to be replayed.
  case clean
  /// The log was replayed in memory.
  case replayed(JournalSummary)
  /// The log could not be replayed; what was written last is missing.
  case notReplayed(JournalError)
}

/// What a replay in memory came to.
public struct JournalSummary: Equatable, Sendable {
  /// The number of complete transactions.
  public var transactionCount: Int
  /// The number of blocks whose contents are in the log.
  public var blockCount: Int
  /// The sequence number of a damaged transaction; it and all after it are left out.
  public var damagedTransaction: UInt32?
  /// The number of blocks in the log whose checksum is wrong; what they hold is left out.
  public var damagedBlockCount: Int
  /// Whether there are fast commits after the last transaction, which are not replayed.
  public var hasFastCommits: Bool

  /// One line; what is missing, if anything is.
  public var message: ByteString {
    if transactionCount == 0 && damagedTransaction == nil && damagedBlockCount == 0
      && !hasFastCommits
    {
      return "its journal has nothing to replay"
    }
    var text: ByteString =
      "\(Self.count(transactionCount, "transaction")) (\(Self.count(blockCount, "block"))) of its "
      + "journal replayed in memory"
    if let damagedTransaction {
      text += "; transaction \(damagedTransaction) is damaged, so the newest changes are missing"
    }
    if damagedBlockCount > 0 {
      text += "; \(Self.count(damagedBlockCount, "damaged block")) left out"
    }
    if hasFastCommits { text += "; fast commits are not replayed, so the newest may be missing" }
    return text
  }

  private static func count(_ number: Int, _ noun: ByteString) -> ByteString {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}

/// Replays a journal in memory: scans the log, takes out what was revoked, and lays the last good
/// contents of each block over the volume.
struct JournalReplay<Device: BlockDevice> {
  let overlay: JournalOverlay
  let summary: JournalSummary

  /// Replays the journal of `system`, which needs it. Throws if nothing can be replayed; what is
  /// damaged after a sound beginning is told by the summary.
  init(of system: Ext4FileSystem<Device>) throws(JournalError) {
    var file = try JournalFile(of: system)
    let blockByteCount = system.superblock.blockByteCount
    guard file.blockCount > 0 else { throw .badSuperblock(field: "maxlen", value: 0) }
    let superblock = try JournalSuperblock(
      try file.read(0, count: JournalSuperblock.byteCount), fileBlockCount: file.blockCount,
      blockByteCount: blockByteCount)
    var summary = JournalSummary(
      transactionCount: 0, blockCount: 0, damagedTransaction: nil, damagedBlockCount: 0,
      hasFastCommits: false)
    var entries: [JournalOverlay.Entry] = []
    var next = superblock.sequence
    if let start = superblock.start {
      let scan = try JournalScan(file, superblock, from: start)
      summary.transactionCount = scan.transactionCount
      summary.damagedTransaction = scan.damaged
      next = scan.sequence
      entries = try Self.entries(scan, superblock, &file, &summary.damagedBlockCount)
    }
    if summary.damagedTransaction == nil {
      summary.hasFastCommits = try Self.hasFastCommits(superblock, &file, next)
    }
    summary.blockCount = entries.count
    overlay = JournalOverlay(entries, blockByteCount: blockByteCount)
    self.summary = summary
  }

  /// The last contents of each block that are not revoked and whose checksum is right.
  private static func entries(
    _ scan: JournalScan<Device>, _ superblock: JournalSuperblock, _ file: inout JournalFile<Device>,
    _ damagedBlockCount: inout Int
  ) throws(JournalError) -> [JournalOverlay.Entry] {
    try file.paySort(scan.writes.count + scan.revocations.count)
    let revoked = RevokedBlocks(scan)
    // Sorted by block, and for each block the newest first.
    let order = (0..<scan.writes.count).sorted { left, right in
      let (first, second) = (scan.writes[left].tag.block, scan.writes[right].tag.block)
      return first == second ? left > right : first < second
    }
    var entries: [JournalOverlay.Entry] = []
    for index in order {
      let write = scan.writes[index]
      if entries.last?.block == write.tag.block || revoked.contains(write) { continue }
      if superblock.hasBlockChecksums, !isGood(try file.read(write.logBlock), write, superblock) {
        damagedBlockCount += 1
        continue
      }
      entries.append(
        JournalOverlay.Entry(
          block: write.tag.block, byteOffset: try file.byteOffset(of: write.logBlock),
          isEscaped: write.tag.isEscaped))
    }
    return entries
  }

  /// Checks the checksum in a tag: over the sequence number, high byte first, and the block as it
  /// is in the log.
  private static func isGood(
    _ view: ByteView, _ write: JournalScan<Device>.Write, _ superblock: JournalSuperblock
  ) -> Bool {
    let head = Checksum.crc32c(superblock.checksumSeed, write.sequence.byteSwapped)
    let computed = Checksum.crc32c(head, view)
    return ChecksumRule.matches(
      write.tag.checksum, superblock.checksums == .v3 ? computed : computed & 0xffff)
  }

  /// Whether the area of fast commits begins with the head (tag 9, low byte first: features and
  /// transaction) of those that belong after the last transaction.
  private static func hasFastCommits(
    _ superblock: JournalSuperblock, _ file: inout JournalFile<Device>, _ sequence: UInt32
  ) throws(JournalError) -> Bool {
    guard superblock.hasFastCommits, superblock.end < superblock.blockCount - 1 else {
      return false
    }
    let view = try file.read(superblock.end + 1, count: 16)
    return view.u16(at: 0) == 9 && view.u16(at: 2) == 8 && view.u32(at: 8) == sequence
  }
}

/// The revoke records of a log, each block with the last transaction that revoked it.
private struct RevokedBlocks<Device: BlockDevice> {
  private let revocations: [JournalScan<Device>.Revocation]

  init(_ scan: JournalScan<Device>) {
    let base = scan.sequence
    revocations = scan.revocations.sorted { left, right in
      // Sequence numbers wrap: by their distance to the last one, the newest first.
      left.block == right.block
        ? base &- left.sequence < base &- right.sequence : left.block < right.block
    }
  }

  /// Whether the block was revoked by the transaction that writes it, or a later one.
  func contains(_ write: JournalScan<Device>.Write) -> Bool {
    var low = 0
    var high = revocations.count
    while low < high {
      let middle = (low + high) / 2
      if revocations[middle].block < write.tag.block { low = middle + 1 } else { high = middle }
    }
    guard low < revocations.count, revocations[low].block == write.tag.block else { return false }
    return Int32(bitPattern: revocations[low].sequence &- write.sequence) >= 0
  }
}
