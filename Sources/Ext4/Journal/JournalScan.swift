// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A walk through the log from its oldest transaction to the end of the last complete one.
///
/// The end is the first block that is not what must come next: another magic number or sequence
/// number, as left by an older turn of the log, or a transaction whose commit block is missing or
/// has a wrong checksum. It visits each block of the log at most once.
struct JournalScan<Device: BlockDevice> {
  /// A data block of a complete transaction.
  struct Write {
    let tag: JournalTag
    /// Where it is in the journal.
    let logBlock: UInt32
    let sequence: UInt32
  }

  /// A block that no transaction up to this one may write.
  struct Revocation {
    let block: UInt64
    let sequence: UInt32
  }

  /// The data blocks of complete transactions, in the order of the log.
  private(set) var writes: [Write] = []
  private(set) var revocations: [Revocation] = []
  private(set) var transactionCount = 0
  /// The transaction that was committed but is damaged, where the walk ended.
  private(set) var damaged: UInt32?
  /// The number of the transaction that comes next.
  private(set) var sequence: UInt32

  private let superblock: JournalSuperblock
  private var file: JournalFile<Device>
  private var position: UInt32
  /// The blocks of the log that were not walked over.
  private var left: UInt32
  /// How much of the lists belongs to complete transactions.
  private var completeWriteCount = 0
  private var completeRevocationCount = 0
  /// Of the transaction being read: whether a block's checksum was wrong.
  private var isDamaged = false
  /// The CRC-32 of the transaction being read, for version 1 of the checksums.
  private var checksum: UInt32 = ~0
  private var lastCommitTime: UInt64 = 0

  /// How many bytes can be copied while the bits of one are turned for version 1.
  private static var costOfBits: Int { 4 }

  /// Walks through the log of `file`, which begins at `start`.
  init(
    _ file: JournalFile<Device>, _ superblock: JournalSuperblock, from start: UInt32
  ) throws(JournalError) {
    self.file = file
    self.superblock = superblock
    position = start
    sequence = superblock.sequence
    left = superblock.logBlockCount
    while try step() {}
    writes.removeLast(writes.count - completeWriteCount)
    revocations.removeLast(revocations.count - completeRevocationCount)
  }

  /// Reads the block that comes next, and those that belong to it. False at the end of the log.
  private mutating func step() throws(JournalError) -> Bool {
    guard left > 0 else { return false }
    let view = try file.read(position)
    guard let header = JournalHeader(view), header.sequence == sequence else { return false }
    if superblock.checksums == .v1 { try file.pay(.copiedBytes, Self.costOfBits * view.count) }
    advance()
    switch header.kind {
    case .descriptor: return try takeDescriptor(view)
    case .revocation: return try takeRevocations(view)
    case .commit: return takeCommit(view)
    case .superblockV1, .superblockV2: return false
    }
  }

  private mutating func advance() {
    left -= 1
    position += 1
    if position >= superblock.end { position = superblock.first }
  }

  private mutating func takeDescriptor(_ view: ByteView) throws(JournalError) -> Bool {
    if superblock.hasBlockChecksums && !hasGoodTail(view) { isDamaged = true }
    if superblock.checksums == .v1 { checksum = Checksum.crc32BigEndian(checksum, view) }
    for tag in JournalTag.all(in: view, of: superblock) {
      guard left > 0 else { return false }
      guard writes.count < Ext4Limits.overlaidBlockCount else {
        throw .tooManyBlocks(limit: Ext4Limits.overlaidBlockCount)
      }
      if superblock.checksums == .v1 {
        let data = try file.read(position)
        try file.pay(.copiedBytes, Self.costOfBits * data.count)
        checksum = Checksum.crc32BigEndian(checksum, data)
      }
      try file.payElement(writes.count, byteCount: MemoryLayout<Write>.stride)
      writes.append(Write(tag: tag, logBlock: position, sequence: sequence))
      advance()
    }
    return true
  }

  private mutating func takeRevocations(_ view: ByteView) throws(JournalError) -> Bool {
    if superblock.hasBlockChecksums && !hasGoodTail(view) { isDamaged = true }
    guard let blocks = JournalRevocation.blocks(in: view, of: superblock) else {
      isDamaged = true
      return true
    }
    guard revocations.count + blocks.count <= Ext4Limits.overlaidBlockCount else {
      throw .tooManyBlocks(limit: Ext4Limits.overlaidBlockCount)
    }
    for block in blocks {
      try file.payElement(revocations.count, byteCount: MemoryLayout<Revocation>.stride)
      revocations.append(Revocation(block: block, sequence: sequence))
    }
    return true
  }

  private mutating func takeCommit(_ view: ByteView) -> Bool {
    let time = UInt64(view.u32BigEndian(at: 48) ?? 0) << 32 | UInt64(view.u32BigEndian(at: 52) ?? 0)
    guard !isDamaged, hasGoodCommit(view) else {
      // What is older than the transaction before is left from an older turn of the log.
      if time >= lastCommitTime { damaged = sequence }
      return false
    }
    lastCommitTime = time
    completeWriteCount = writes.count
    completeRevocationCount = revocations.count
    transactionCount += 1
    sequence = sequence &+ 1
    checksum = ~0
    return true
  }

  /// Checks the last four bytes of a descriptor or revocation block.
  private func hasGoodTail(_ view: ByteView) -> Bool {
    let offset = view.count - 4
    let computed = Checksum.crc32c(superblock.checksumSeed, view, zeroing: [(offset, 4)])
    return view.u32BigEndian(at: offset) == computed
  }

  /// Checks a commit block: the kind of its checksum at 12, the size at 13, the value at 16.
  private func hasGoodCommit(_ view: ByteView) -> Bool {
    guard let kind = view.u8(at: 12), let byteCount = view.u8(at: 13),
      let stored = view.u32BigEndian(at: 16)
    else { return false }
    switch superblock.checksums {
    case .none: return true
    case .v1:
      // 1 is CRC-32. Without the feature at the time of the commit, all three are 0.
      return (kind == 1 && byteCount == 4 && ChecksumRule.matches(stored, checksum))
        || (kind == 0 && byteCount == 0 && stored == 0)
    case .v2, .v3:
      return ChecksumRule.matches(
        stored, Checksum.crc32c(superblock.checksumSeed, view, zeroing: [(16, 4)]))
    }
  }
}
