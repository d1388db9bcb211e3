// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct JournalTests {
  static let checksummed = Result { try EditedJournal.made("3") }
  static let plain = Result { try EditedJournal.made("none") }

  /// What becomes of a journal whose superblock has one field changed; its checksum is made right.
  func state<Number: FixedWidthInteger>(_ offset: Int, _ value: Number) throws -> JournalState {
    var journal = try Self.checksummed.get()
    journal.put(value, 0, offset)
    journal.sealSuperblock()
    return try journal.system.journal
  }

  /// The summary of a replay.
  func summary(_ journal: EditedJournal) throws -> JournalSummary {
    guard case .replayed(let summary) = try journal.system.journal else {
      throw EditFailure(what: "\(try journal.system.journal)")
    }
    return summary
  }

  @Test func theSuperblockIsChecked() throws {
    #expect(try state(0, UInt32(0xc03b_3999)) == .notReplayed(.noSuperblock))
    #expect(try state(4, UInt32(2)) == .notReplayed(.noSuperblock))
    #expect(try state(4, UInt32(6)) == .notReplayed(.noSuperblock))
    func bad(_ field: ByteString, _ value: UInt64) -> JournalState {
      .notReplayed(.badSuperblock(field: field, value: value))
    }
    #expect(try state(0xc, UInt32(2048)) == bad("blocksize", 2048))
    for count: UInt32 in [0, 1, 1025, .max] {
      #expect(try state(0x10, count) == bad("maxlen", UInt64(count)))
    }
    for first: UInt32 in [0, 1024, .max] {
      #expect(try state(0x14, first) == bad("first", UInt64(first)))
    }
    #expect(try state(0x14, UInt32(2)) == bad("start", 1))
    for start: UInt32 in [1024, .max] {
      #expect(try state(0x1c, start) == bad("start", UInt64(start)))
    }
    #expect(try state(0x28, UInt32(0x1b)) == bad("feature_incompat", 0x1b))
    #expect(try state(0x24, UInt32(1)) == bad("feature_incompat", 0x13))
    #expect(try state(0x50, UInt8(1)) == bad("checksum_type", 1))
    #expect(
      try state(0x28, UInt32(0x53)) == .notReplayed(.unsupportedFeature("incompat bits 0x40")))
    #expect(try state(0x2c, UInt32(4)) == .notReplayed(.unsupportedFeature("ro_compat bits 0x4")))
  }

  @Test func theSuperblockHasAChecksum() throws {
    var journal = try Self.checksummed.get()
    let stored = journal.u32(0, 0xfc)
    journal.put(UInt32(7), 0, 0x18)
    guard case .notReplayed(.badChecksum(stored, _)) = try journal.system.journal else {
      Issue.record("\(try journal.system.journal)")
      return
    }
  }

  @Test func theJournalHasALimit() throws {
    let view = ByteView(Array(try Self.plain.get()[0].prefix(1024)))
    #expect(throws: Never.self) {
      try JournalSuperblock(view, fileBlockCount: 1024, blockByteCount: 1024)
    }
    var bytes = view.bytes
    bytes.replaceSubrange(0x10..<0x14, with: [0, 0x9c, 0x40, 1])
    #expect(throws: JournalError.tooLarge(blockCount: 10_240_001, limit: 10_240_000)) {
      try JournalSuperblock(ByteView(bytes), fileBlockCount: 1 << 32, blockByteCount: 1024)
    }
    let volume = try Self.plain.get().system.volume
    var file = try JournalFile(of: .withoutReplay(of: volume), readByteCountMax: 1024)
    #expect(throws: Never.self) { try file.read(0) }
    #expect(throws: JournalError.tooLong(byteCountMax: 1024)) { try file.read(0) }
  }

  @Test func anExternalJournalIsNamed() throws {
    var journal = try Self.plain.get()
    journal.bytes.replaceSubrange(1024 + 0xe0..<1024 + 0xe4, with: [0, 0, 0, 0])
    let system = try journal.system
    #expect(system.journal == .notReplayed(.external))
    #expect(system.needsRecovery)
    // The view of before is there.
    #expect(system.label == "stale")
  }

  @Test func theJournalIsAFile() throws {
    var journal = try Self.plain.get()
    journal.bytes[1024 + 0xe0] = 2
    #expect(try journal.system.journal == .notReplayed(.unreadable(.notAFile(inode: 2))))
    journal.bytes[1024 + 0xe1] = 0xff
    #expect(try journal.system.journal == .notReplayed(.unreadable(.inodeOutOfRange(0xff02))))
  }

  @Test func theJournalHasNoHoles() throws {
    let image = try EditedImage.plain.get()
    let sparse = try image.inode("/sparse")
    var bytes = image.bytes
    bytes[1024 + 0x60] |= 4
    bytes[1024 + 0xe0] = UInt8(sparse)
    let system = try Ext4FileSystem.withoutReplay(
      of: Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
    let file = try JournalFile(of: system)
    #expect(throws: Never.self) { try file.byteOffset(of: 0) }
    #expect(throws: JournalError.hole(block: 1)) { try file.byteOffset(of: 1) }
    #expect(throws: JournalError.hole(block: .max)) { try file.byteOffset(of: .max) }
  }

  @Test func aLogWithoutAStartIsEmpty() throws {
    var journal = try Self.checksummed.get()
    journal.put(UInt32(0), 0, 0x1c)
    journal.sealSuperblock()
    let summary = try summary(journal)
    #expect(summary.transactionCount == 0)
    #expect(summary.blockCount == 0)
    #expect(summary.message == "its journal has nothing to replay")
  }

  @Test func aDescriptorBlockWithAWrongChecksumEndsTheLog() throws {
    var journal = try Self.checksummed.get()
    let descriptor = try #require(journal.blocks(.descriptor).first { journal.u32($0, 8) == 2 })
    journal.bytes[journal.offsets[descriptor] + 0x14] ^= 1
    #expect(try summary(journal).damagedTransaction == 2)
    // It is as good as unwritten if its commit block is of an older turn of the log.
    let commit = try #require(journal.blocks(.commit).last)
    journal.put(UInt64(1), commit, 48)
    journal.seal(commit, at: 16)
    #expect(try summary(journal).damagedTransaction == nil)
    #expect(try summary(journal).transactionCount == 1)
  }

  @Test func aRevokeBlockWithAWrongChecksumOrSizeEndsTheLog() throws {
    var journal = try Self.checksummed.get()
    let block = try #require(journal.blocks(.revocation).first)
    journal.bytes[journal.offsets[block] + 0x14] ^= 1
    #expect(try summary(journal).damagedTransaction == 2)
    journal.seal(block)
    #expect(try summary(journal).damagedTransaction == nil)
    for size: UInt32 in [0, 15, 1021, .max] {
      journal.put(size, block, 12)
      journal.seal(block)
      #expect(try summary(journal).damagedTransaction == 2)
    }
    journal.put(UInt32(1020), block, 12)
    journal.seal(block)
    #expect(try summary(journal).damagedTransaction == nil)
  }

  @Test func aLogThatGoesRoundEnds() throws {
    var journal = try Self.plain.get()
    // Nothing but descriptor blocks without a tag that fits.
    for block in 1..<journal.offsets.count {
      journal[block] = [UInt8](repeating: 0, count: 1024)
      journal.put(JournalHeader.magic, block, 0)
      journal.put(UInt32(5), block, 4)
      journal.put(UInt32(1), block, 8)
      journal.put(UInt32(16), block, 12)
    }
    #expect(try summary(journal).transactionCount == 0)
  }

  @Test func theNumberOfRevokedBlocksIsLimited() throws {
    let image = try TestImage(
      "ext4-journal", "1024", "^metadata_csum,^64bit", "none", "ext4", "8M", "3")
    var journal = try EditedJournal(try image.bytes())
    for block in 1..<journal.offsets.count {
      journal.put(JournalHeader.magic, block, 0)
      journal.put(UInt32(5), block, 4)
      journal.put(UInt32(1), block, 8)
      journal.put(UInt32(1024), block, 12)
    }
    #expect(try journal.system.journal == .notReplayed(.tooManyBlocks(limit: 1 << 18)))
  }

  @Test func fastCommitsAreNamed() throws {
    let image = try TestImage(
      "ext4-journal", "1024", "^metadata_csum,64bit", "none", "ext4", "8M", "2")
    var journal = try EditedJournal(try image.bytes())
    #expect(try !summary(journal).hasFastCommits)
    journal.put(journal.u32(0, 0x28) | 0x20, 0, 0x28)
    #expect(try !summary(journal).hasFastCommits)
    // 256 blocks at the end, of which the first is not used; then head, length, features, number.
    let head: [UInt8] = [9, 0, 8, 0, 0, 0, 0, 0, 3, 0, 0, 0]
    let start = journal.offsets[2048 - 256 + 1]
    journal.bytes.replaceSubrange(start..<start + 12, with: head)
    #expect(try summary(journal).hasFastCommits)
    #expect(
      try summary(journal).message.hasSuffix(
        "; fast commits are not replayed, so the newest may be missing"))
    // Those of an older transaction count for nothing.
    journal.bytes[start + 8] = 2
    #expect(try !summary(journal).hasFastCommits)
  }

  @Test func aReplayThatBreaksTheSuperblockIsNotUsed() throws {
    var journal = try Self.plain.get()
    // The superblock of 1 KiB blocks is block 1; the second transaction writes it first.
    let descriptor = try #require(journal.blocks(.descriptor).first { journal.u32($0, 8) == 2 })
    #expect(journal.u32(descriptor, 12) == 1)
    let place = journal.offsets[descriptor + 1]
    journal.bytes[place + 0x18] = 9
    let error = Ext4Error.badSuperblock(field: "log_block_size", value: 9)
    #expect(try journal.system.journal == .notReplayed(.badResult(error)))
    journal.bytes[place + 0x38] = 0
    #expect(try journal.system.journal == .notReplayed(.badResult(.notExt4)))
    #expect(try journal.system.label == "stale")
  }

  @Test func aJournalThatIsTooMuchWorkLeavesEnoughForTheFileSystem() throws {
    let volume = Volume(
      whole: MemoryDevice(name: "xvda", bytes: try Self.checksummed.get().bytes))
    _ = try Ext4FileSystem.open(volume)
    let whole = volume.work.spent
    volume.work.renew(limit: whole)
    let system = try Ext4FileSystem.open(volume)
    guard case .notReplayed(let error) = system.journal else {
      Issue.record("the journal took more than its half")
      return
    }
    #expect(error.message.text.contains("too much work"))
    #expect(system.label == "stale")
    #expect(try system.lookUp("boot", in: system.root()) != nil)
  }

  @Test func aReadThatFailsIsToldAndTheOldViewIsThere() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try Self.checksummed.get().bytes)
    let good = FaultyDevice(memory)
    _ = try Ext4FileSystem.open(Volume(whole: good))
    #expect(good.readCount > 100)
    for failing in 2...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      let system = try Ext4FileSystem.open(Volume(whole: device))
      guard case .notReplayed(let error) = system.journal else {
        Issue.record("read \(failing) failed and nobody noticed")
        continue
      }
      #expect(error.family == .device)
      #expect(error.message.hasSuffix("sector \(error.sector ?? 0)"))
      #expect(system.label == "stale")
    }
  }
}

extension JournalError {
  /// The sector that could not be read.
  fileprivate var sector: UInt64? {
    switch self {
    case .unreadable(.device(.readFailed(let sector))),
      .badResult(.device(.readFailed(let sector))):
      sector
    default: nil
    }
  }
}
