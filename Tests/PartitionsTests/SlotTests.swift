// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Foundation
import TestSupport
import Testing

@testable import Partitions

/// Partitions with one of several systems each, and the tries that are left.
struct SlotTests {
  private func image(_ first: String, _ second: String) throws -> MemoryDevice {
    let disk = MemoryDevice(
      name: "xvda", bytes: try TestImage("gpt-slots", first, second).bytes())
    disk.isWritable = true
    return disk
  }

  private func slots(_ disk: MemoryDevice) throws -> [SystemSlot] {
    try PartitionTable.read(disk).compactMap { SystemSlot($0) }
  }

  @Test(
    arguments: [
      ("1:0:1", "2:0:1", 1), ("2:0:1", "1:0:1", 0), ("1:0:1", "1:0:1", 0), ("2:0:0", "1:0:1", 1),
      ("2:1:0", "1:0:1", 0), ("15:15:1", "14:15:1", 0), ("0:5:1", "1:0:1", 1),
      ("0:1:1", "0:1:1", nil),
      ("3:0:0", "2:0:0", nil), ("1:0:1", "3:0:0", 0),
    ] as [(String, String, Int?)])
  func theHighestPriorityWithTriesOrSuccessIsNext(
    _ first: String, _ second: String, _ expected: Int?
  ) throws {
    let slots = try slots(try image(first, second))
    #expect(slots.count == 2)
    #expect(SystemSlot.next(of: slots) == expected)
  }

  @Test func otherPartitionsAreNone() throws {
    let disk = try image("1:2:0", "1:0:1")
    let partitions = try PartitionTable.read(disk)
    #expect(partitions.map { $0.number } == [1, 3, 4])
    #expect(SystemSlot(partitions[0]) == nil)
    #expect(SystemSlot(partitions[1])?.triesLeft == 2)
    #expect(SystemSlot(partitions[1])?.isSuccessful == false)
  }

  /// `sgdisk` reads the table afterwards: both copies are good, and only the tries have changed.
  @Test func aTryIsTakenFromBothCopies() throws {
    let disk = try image("2:2:0", "1:0:1")
    let before = disk.bytes
    let volume = Volume(whole: disk)
    #expect(GPTTries.take(of: 3, on: volume) == nil)
    #expect(try slots(disk).map { $0.triesLeft } == [1, 0])
    #expect(try slots(disk).map { $0.priority } == [2, 1])
    let changed = zip(before, disk.bytes).enumerated().filter { $1.0 != $1.1 }.map { $0.offset }
    #expect(changed.count <= 18, "two bytes of tries, four checksums")
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-gpt-\(UUID().uuidString)")
    try Data(disk.bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let verified = try HostTool.run(["sgdisk", "-v", file.path], keepingErrors: true)
    #expect(String(decoding: verified.output, as: UTF8.self).contains("No problems found"))
    let shown = try HostTool.output(["sgdisk", "-i", "3", file.path])
    #expect(String(decoding: shown, as: UTF8.self).contains("Attribute flags: 0012000000000000"))
    #expect(GPTTries.take(of: 3, on: volume) == nil)
    #expect(GPTTries.take(of: 3, on: volume) == "the table has no tries for it")
    #expect(GPTTries.take(of: 2, on: volume) == "the table has no tries for it")
    #expect(GPTTries.take(of: 999, on: volume) == "the table has no tries for it")
  }

  @Test func nothingIsWrittenUnlessBothCopiesAreGood() throws {
    for place in [512 + 16, 1024 + 2 * 128 + 60] {
      let disk = try image("2:2:0", "1:0:1")
      disk.bytes[place] ^= 1
      let bytes = disk.bytes
      let reason = try #require(GPTTries.take(of: 3, on: Volume(whole: disk)))
      #expect(reason.hasPrefix("the partition table is damaged: "), "\(reason.text)")
      #expect(disk.bytes == bytes)
    }
    let disk = try image("2:2:0", "1:0:1")
    disk.isWritable = false
    let bytes = disk.bytes
    #expect(GPTTries.take(of: 3, on: Volume(whole: disk)) != nil)
    #expect(disk.bytes == bytes)
    let small = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 512))
    #expect(GPTTries.take(of: 1, on: Volume(whole: small)) != nil)
  }

  /// Bytes of the table changed at random: what is written is never a table that was not good.
  @Test func damagedTablesNeitherTrapNorAreWritten() throws {
    let good = try image("2:2:0", "1:0:1")
    var random = SplitMix(seed: 10)
    for _ in 0..<150 {
      let disk = MemoryDevice(name: "xvda", bytes: good.bytes)
      disk.isWritable = true
      let isBackup = random.below(2) == 1
      let start = isBackup ? disk.bytes.count - 33 * 512 : 512
      for _ in 0...random.below(3) {
        disk.bytes[start + random.below(33 * 512)] ^= UInt8(1 + random.below(255))
      }
      let bytes = disk.bytes
      if GPTTries.take(of: 3, on: Volume(whole: disk)) != nil { #expect(disk.bytes == bytes) }
    }
  }
}
