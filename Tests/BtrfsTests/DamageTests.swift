// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import Btrfs

/// Damages metadata and makes the checksums right again, so that what is after them is reached.
/// Whatever comes of it is an error or a file, soon. `MUTATION_COUNT` and `MUTATION_SEED` in the
/// environment set how many variants there are, and which; `FIELD_VARIANTS=all` takes all fields.
struct DamageTests {
  static let environment = ProcessInfo.processInfo.environment
  static let count = Int(environment["MUTATION_COUNT"] ?? "") ?? 300
  static let seed = UInt64(environment["MUTATION_SEED"] ?? "") ?? .random(in: 0...(.max))
  /// Without `FIELD_VARIANTS=all`, one variant of that many is tried.
  static let stride = environment["FIELD_VARIANTS"] == "all" ? 1 : 397

  /// An image and where its blocks with checksums are.
  struct Target {
    var builder: ImageBuilder
    let bytes: [UInt8]
    /// Where each block is, and how long its used part is.
    let blocks: [(offset: Int, used: [Range<Int>])]

    init(profile: UInt64) throws {
      builder = try Sample.builder()
      builder.profile = profile
      bytes = builder.image()
      var blocks: [(Int, [Range<Int>])] = [(ImageBuilder.superblock, [32..<0x100, 0x32b..<0x3a0])]
      for node in builder.nodes {
        let offset = builder.offset(node.logical)
        let count = Int(bytes[offset + 0x60])
        guard count > 0 else { continue }
        if node.level > 0 {
          blocks.append((offset, [32..<0x65 + 33 * count]))
        } else {
          let place = ByteView(bytes).u32(at: offset + 0x65 + 25 * count - 8) ?? 0
          blocks.append((offset, [32..<0x65 + 25 * count, 0x65 + Int(place)..<4096]))
        }
      }
      self.blocks = blocks
    }

    /// The image with another block, its checksum right.
    func image(_ index: Int, _ edit: (inout [UInt8]) -> Void) -> [UInt8] {
      let offset = blocks[index].offset
      var block = Array(bytes[offset..<offset + 4096])
      edit(&block)
      builder.seal(&block)
      var result = bytes
      result.replaceSubrange(offset..<offset + 4096, with: block)
      return result
    }
  }

  @Test(arguments: [0 as UInt64, 0x20])
  func damagedBlocksNeitherTrapNorHang(profile: UInt64) throws {
    let target = try Target(profile: profile)
    var random = SplitMix(seed: Self.seed)
    for variant in 0..<Self.count {
      let index = random.below(target.blocks.count)
      let image = target.image(index) { block in
        _ = random.damage(&block, in: target.blocks[index].used)
      }
      survey(image, "variant \(variant) of seed \(Self.seed)")
    }
  }

  /// Each field of 1, 2, 4 and 8 bytes at each place where one may begin.
  @Test func fieldsWithAnyValueNeitherTrapNorHang() throws {
    let target = try Target(profile: 0)
    var random = SplitMix(seed: Self.seed)
    var variant = 0
    for (index, block) in target.blocks.enumerated() {
      for offset in block.used.joined() {
        for width in [1, 4, 8] where offset + width <= 4096 {
          for kind in 0..<4 {
            variant += 1
            guard variant % Self.stride == 0, variant % 5 == 0 else { continue }
            let value: UInt64 = [0, .max, random.next(), UInt64(1) << random.below(64)][kind]
            let image = target.image(index) { block in
              block.replaceSubrange(offset..<offset + width, with: little(value)[..<width])
            }
            survey(image, "byte \(offset) of block \(index) as \(value), width \(width)")
          }
        }
      }
    }
    #expect(variant > 50_000)
  }

  @Test func damageIsSeenByChecksums() throws {
    let target = try Target(profile: 0)
    var random = SplitMix(seed: Self.seed)
    for _ in 0..<60 {
      let block = target.blocks[random.below(target.blocks.count)].offset
      var bytes = target.bytes
      bytes[block + 32 + random.below(4000)] ^= UInt8(1 << random.below(8))
      // Trees of which nothing is read here do not matter.
      survey(
        bytes, "seed \(Self.seed)",
        allowing: { error in
          switch error {
          case .badChecksum, .notBtrfs: true
          default: false
          }
        })
    }
  }

  /// Reads everything there is.
  private func survey(
    _ bytes: [UInt8], _ what: String, allowing: (BtrfsError) -> Bool = { _ in true }
  ) {
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
    func tell(_ error: BtrfsError) {
      if error.message.isEmpty || !allowing(error) {
        Issue.record("\(what): \(error.message.text)")
      }
    }
    do throws(BtrfsError) {
      let system = try BtrfsFileSystem.open(Volume(whole: device))
      _ = (system.label, system.uuid, system.remark, system.facts)
      var pending = [try system.root()]
      var visited = 0
      while let node = pending.popLast(), visited < 300 {
        visited += 1
        do throws(BtrfsError) {
          let attributes = try system.attributes(of: node)
          switch attributes.kind {
          case .directory:
            pending += try system.entries(of: node).prefix(20).map { $0.node }
            _ = try system.lookUp("an-entry-with-quite-a-long-name-77", in: node)
            _ = try system.lookUp("..", in: node)
          case .symbolicLink: _ = try system.linkTarget(of: node)
          case .file:
            let extents = try system.extents(of: node)
            check(extents, attributes.byteCount, bytes.count, what)
          case .special: break
          }
        } catch { tell(error) }
      }
    } catch { tell(error) }
    if device.readCount > 20_000 { Issue.record("\(what): \(device.readCount) reads") }
  }

  private func check(_ extents: [Extent], _ byteCount: UInt64, _ end: Int, _ what: String) {
    var sum: UInt64 = 0
    for extent in extents {
      sum += extent.byteCount
      var parts = [extent]
      if case .encoded(let packed) = extent { parts = packed.stored }
      for case .run(let offset, let count) in parts
      where offset > UInt64(end) || count > UInt64(end) - offset {
        Issue.record("\(what): a run off the volume")
      }
    }
    if sum != byteCount { Issue.record("\(what): \(sum) bytes") }
  }
}

/// Disks that fail.
struct FaultTests {
  func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<BtrfsError>) {
    let volume = Volume(whole: device)
    let system: BtrfsFileSystem<FaultyDevice<MemoryDevice>>
    do { system = try BtrfsFileSystem.open(volume) } catch { throw .reader(error) }
    _ = try FileContents.readAll("/absolute", in: system, on: volume, limit: 1000)
    _ = try PathWalk.resolve("/many/an-entry-with-quite-a-long-name-123", in: system)
    _ = try PathWalk.resolve("/@/snapshots/1/boot/vmlinuz", in: system)
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    var builder = try Sample.builder()
    let memory = MemoryDevice(name: "xvda", bytes: builder.image())
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 8)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do {
        try readAll(device)
        Issue.record("read \(failing) failed and nobody noticed")
      } catch {
        #expect(device.readCount == failing)
        #expect(error.family == .device)
        #expect(error.message.hasPrefix("read error at sector "))
      }
    }
  }

  @Test func withTwoCopiesOneReadErrorIsNone() throws {
    var builder = try Sample.builder()
    builder.profile = 0x20
    let memory = MemoryDevice(name: "xvda", bytes: builder.image())
    let good = FaultyDevice(memory)
    try readAll(good)
    // The first read is of the superblock, of which so small a disk has no copy.
    for failing in 2...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      try readAll(device)
      #expect(device.readCount == good.readCount + 1)
    }
  }
}
