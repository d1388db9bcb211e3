// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

/// Replays journals in memory, and compares all there is with what libext2fs finds on a copy that
/// e2fsck has replayed.
struct JournalOracleTests {
  typealias System = Ext4FileSystem<MemoryDevice>

  /// Block size, features, checksums of the journal, type.
  @Test(arguments: [
    ["1024", "metadata_csum,64bit", "3"],
    ["1024", "metadata_csum,^64bit", "3"],
    ["1024", "metadata_csum,64bit", "2"],
    ["1024", "metadata_csum,^64bit", "2"],
    ["1024", "^metadata_csum,64bit", "1"],
    ["1024", "^metadata_csum,^64bit", "1"],
    ["1024", "^metadata_csum,64bit", "none"],
    ["1024", "^extent,^64bit,^metadata_csum", "none", "ext3"],
    ["4096", "metadata_csum,64bit", "3"],
    ["4096", "metadata_csum,64bit", "2"],
    ["4096", "^metadata_csum,^64bit", "1"],
    ["4096", "metadata_csum_seed,64bit,inline_data", "3"],
    ["2048", "metadata_csum,64bit", "3"],
  ])
  func readsWhatE2fsckReplays(arguments: [String]) throws {
    let image = try TestImage("ext4-journal", arguments: arguments)
    let system = try compare(try image.bytes(), path: image.path)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 2)
    #expect(summary.damagedTransaction == nil)
    #expect(summary.damagedBlockCount == 0)
    #expect(!summary.hasFastCommits)
    #expect(summary.blockCount > 20)
    #expect(system.label == "newest")
    let menu = try FileContents.readAll(
      "/boot/grub/menu.lst", in: system, on: system.volume, limit: 1000)
    #expect(ByteString(menu).split(on: 10).contains("title newest"))
    // Without the replay there is another menu.
    let stale = try System.withoutReplay(of: system.volume)
    let old = try FileContents.readAll(
      "/boot/grub/menu.lst", in: stale, on: stale.volume, limit: 1000)
    #expect(ByteString(old).split(on: 10).contains("title stale"))
  }

  @Test(arguments: ["3", "2", "none"])
  func followsALogThatWraps(checksums: String) throws {
    let features = checksums == "none" ? "^metadata_csum,64bit" : "metadata_csum,64bit"
    let image = try TestImage("ext4-journal", "1024", features, checksums)
    var journal = try EditedJournal(try image.bytes())
    // Everywhere in the transactions: between blocks, and after a descriptor block.
    for distance in [1, 60, 64, 100, 150] {
      try journal.rotate(by: journal.logBlockCount - distance)
      let system = try compare(journal.bytes)
      guard case .replayed(let summary) = system.journal else {
        Issue.record("\(system.journal)")
        return
      }
      #expect(summary.transactionCount == 2)
      try journal.rotate(by: distance)
    }
  }

  @Test(arguments: [UInt32.max, UInt32.max - 1, 0x7fff_ffff])
  func sequenceNumbersWrap(first: UInt32) throws {
    let image = try TestImage("ext4-journal", "1024", "^metadata_csum,64bit", "none")
    var journal = try EditedJournal(try image.bytes())
    try journal.renumber(from: first)
    let system = try compare(journal.bytes)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 2)
  }

  /// A torn commit block, or with version 1 any block of the transaction, ends the log before it.
  @Test(arguments: ["1", "2", "3"])
  func aDamagedCommitEndsTheLog(checksums: String) throws {
    var journal = try EditedJournal.made(checksums)
    let commit = try #require(journal.blocks(.commit).last)
    journal.bytes[journal.offsets[checksums == "1" ? commit - 1 : commit] + 100] ^= 1
    let system = try compare(journal.bytes)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 1)
    #expect(summary.damagedTransaction == 2)
    #expect(
      summary.message.hasSuffix("; transaction 2 is damaged, so the newest changes are missing"))
  }

  /// What a crash in the middle of the last transaction leaves is no damage.
  @Test(arguments: ["1", "2", "3", "none"])
  func aTransactionWithoutItsCommitIsLeftOut(checksums: String) throws {
    var journal = try EditedJournal.made(checksums)
    let commit = try #require(journal.blocks(.commit).last)
    journal[commit] = [UInt8](repeating: 0, count: 1024)
    // Half a descriptor block was written.
    let descriptor = try #require(journal.blocks(.descriptor).last { $0 < commit })
    journal.bytes[journal.offsets[descriptor] + 700] ^= 1
    let system = try compare(journal.bytes)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 1)
    #expect(summary.damagedTransaction == nil)
  }

  /// As Linux and e2fsck have it, what the other blocks hold is taken.
  @Test(arguments: ["2", "3"])
  func aDamagedDataBlockIsLeftOut(checksums: String) throws {
    var journal = try EditedJournal.made(checksums)
    // The first data blocks of the second transaction: metadata that the first one wrote too.
    let descriptor = try #require(journal.blocks(.descriptor).first { journal.u32($0, 8) == 2 })
    journal.bytes[journal.offsets[descriptor + 1] + 0x78] ^= 1
    let system = try compare(journal.bytes)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 2)
    #expect(summary.damagedBlockCount == 1)
    #expect(summary.message.hasSuffix("; 1 damaged block left out"))
  }

  @Test func theFirstVersionOfTheSuperblockHasNoFeatures() throws {
    var journal = try EditedJournal.made("none", "^metadata_csum,^64bit")
    // Without revoke records, of which the first version knows nothing.
    let revocation = try #require(journal.blocks(.revocation).first)
    journal.put(UInt32(16), revocation, 12)
    // e2fsck takes such a journal for broken, and mends more than that.
    let judged = try WrittenImage(journal.bytes)
    journal.put(UInt32(3), 0, 4)
    for offset in [0x24, 0x28, 0x2c] { journal.put(UInt32(0), 0, offset) }
    let system = try compare(journal.bytes, path: judged.path)
    guard case .replayed(let summary) = system.journal else {
      Issue.record("\(system.journal)")
      return
    }
    #expect(summary.transactionCount == 2)
  }

  /// Walks the image and its replayed copy.
  @discardableResult
  private func compare(_ bytes: [UInt8], path: String? = nil) throws -> System {
    let written = try path == nil ? WrittenImage(bytes) : nil
    let judged = try TestImage("ext4-replayed", path ?? written?.path ?? "")
    let system = try System.open(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
    let walk = Comparison(ours: system, oracle: try Oracle(path: judged.path))
    try walk.compareAll()
    #expect(walk.nodeCount > 20)
    return system
  }
}
