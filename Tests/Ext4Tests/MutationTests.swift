// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import Ext4

/// Changes bytes of metadata at random and reads everything there is. Whatever comes of it, it is
/// an error or a file, soon. `MUTATION_COUNT` and `MUTATION_SEED` in the environment set how many
/// variants there are, and which.
struct MutationTests {
  static let count = Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? 1500
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")

  @Test func damagedExtentsNeitherTrapNorHang() throws {
    try run(EditedImage.plain.get())
  }

  @Test func damagedBlockMapsNeitherTrapNorHang() throws {
    try run(EditedImage.mapped.get())
  }

  @Test func damagedInlineDataNeitherTrapsNorHangs() throws {
    try run(EditedImage.inline.get())
  }

  @Test func damageBehindChecksumsIsSeenByThem() throws {
    try run(EditedImage.checksummed.get())
  }

  private func run(_ image: EditedImage) throws {
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let targets = try metadataRanges(of: image)
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    for variant in 0..<Self.count {
      // Some defects need a second one to show.
      for _ in 0...random.below(3) {
        let range = targets[random.below(targets.count)]
        let offset = range.lowerBound + random.below(range.count)
        mutate(&memory.bytes, at: offset, &random)
      }
      let device = FaultyDevice(memory)
      Survey.walk(device)
      if device.readCount > Survey.readCountMax {
        Issue.record("variant \(variant) of seed \(seed): \(device.readCount) reads")
      }
      memory.bytes = image.bytes
    }
  }

  private func mutate(_ bytes: inout [UInt8], at offset: Int, _ random: inout SplitMix) {
    let width = [1, 2, 4][random.below(3)]
    let start = offset / width * width
    for index in start..<start + width {
      random.damage(&bytes[index])
    }
  }

  /// Where the superblock, the descriptor, inodes and index and directory blocks are.
  private func metadataRanges(of image: EditedImage) throws -> [Range<Int>] {
    var ranges = [1024..<1024 + 0x180, 2048..<2048 + 32]
    let paths: [ByteString] = [
      "/", "/absolute", "/boot", "/boot/grub", "/boot/grub/menu.lst", "/boot/vmlinuz", "/sparse",
      "/pieces", "/many", "/link-1000",
    ]
    for path in paths {
      let number = try image.inode(path)
      let offset = image.offset(ofInode: number)
      let inode = try image.open().inode(number)
      // Inline data go on after the 128 bytes of old.
      ranges.append(offset..<offset + (inode.hasInlineData ? inode.raw.count : 128))
      if inode.kind == .directory && !inode.hasInlineData {
        let block = try image.offset(ofBlock: 0, in: path)
        ranges += [block..<block + 64, block..<block + 1024]
      }
      if inode.hasExtents, inode.kind != .special, inode.blockField.u16(at: 6) == 1 {
        let block = Int(image.u32(offset + 0x28 + 16)) * 1024
        ranges += [block..<block + 48, block..<block + 1024]
      }
      if !inode.hasExtents, !inode.hasInlineData, inode.kind == .file {
        for slot in 12..<15 {
          let block = Int(image.u32(offset + 0x28 + 4 * slot)) * 1024
          if block > 0 { ranges.append(block..<block + 1024) }
        }
      }
    }
    return ranges
  }
}
