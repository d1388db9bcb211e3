// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import SquashFS

/// Changes bytes at random and reads everything there is. Whatever comes of it, it is an error or a
/// file, soon. `MUTATION_COUNT` and `MUTATION_SEED` in the environment set how many variants there
/// are, and which; `FIELD_VARIANTS=all` tries all values of all fields.
struct MutationTests {
  static let count = Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? 250
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")
  static let isComplete = ProcessInfo.processInfo.environment["FIELD_VARIANTS"] == "all"
  /// Without `FIELD_VARIANTS=all`, one variant of that many is tried.
  static let stride = 7
  /// The most reads that a walk over a damaged image may take.
  static let readCountMax = 20000

  @Test func damagedMetadataNeitherTrapNorHang() throws {
    let image = try EditedImage.plain.get()
    let metadata = Int(image.u64(64))..<Int(image.u64(40))
    try run(image, [0..<Superblock.byteCount, metadata, metadata])
  }

  @Test func damagedFilesThatAreNotPackedNeitherTrapNorHang() throws {
    let image = try EditedImage.unpacked.get()
    let metadata = Int(image.u64(64))..<Int(image.u64(40))
    try run(image, [0..<Superblock.byteCount, metadata, metadata])
  }

  @Test func damagedPackedBytesNeitherTrapNorHang() throws {
    let image = try EditedImage.packed.get()
    let end = Int(image.u64(40))
    let start = Superblock.byteCount
    try run(image, [0..<start, start..<end, Int(image.u64(64))..<end])
  }

  private func run(_ image: EditedImage, _ targets: [Range<Int>]) throws {
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    for variant in 0..<Self.count {
      var bytes = image.bytes
      random.damageFields(&bytes, in: targets)
      survey(bytes, "variant \(variant) of seed \(seed)")
    }
  }

  @Test func everyFieldOfTheSuperblockMayLie() throws {
    let widths = [4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 8, 8, 8, 8, 8, 8, 8, 8]
    try sweep(EditedImage.plain.get(), [(start: 0, widths)], stride: 1)
  }

  @Test func everyFieldOfInodesAndDirectoriesMayLie() throws {
    let image = try EditedImage.plain.get()
    let common = [2, 2, 2, 2, 4, 4]
    var structures: [(Int, [Int])] = []
    for path: ByteString in ["/", "/boot", "/many"] {
      let offset = try image.inode(path).offset
      let isExtended = image.u16(offset) == 8
      let own = isExtended ? [4, 4, 4, 4, 2, 2, 4, 4, 4, 4] : [4, 4, 2, 2, 4]
      structures.append((offset, common + own))
      structures.append((try image.listing(path), [4, 4, 4, 2, 2, 2, 2]))
    }
    for path: ByteString in ["/two-blocks", "/fragment", "/holes"] {
      let offset = try image.inode(path).offset
      let isExtended = image.u16(offset) == 9
      let own = isExtended ? [8, 8, 8, 4, 4, 4, 4] : [4, 4, 4, 4]
      structures.append((offset, common + own + [4, 4, 4]))
    }
    structures.append((try image.inode("/link").offset, common + [4, 4, 1, 1]))
    structures.append((try image.inode("/null").offset, common + [4, 4]))
    let pointer = Int(image.u64(80))
    let table = Int(image.u64(pointer))
    structures += [(pointer, [8]), (table, [2, 8, 4, 4])]
    try sweep(image, structures, stride: Self.isComplete ? 1 : Self.stride)
  }

  private func sweep(
    _ image: EditedImage, _ structures: [(start: Int, widths: [Int])], stride: Int
  ) throws {
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    var variant = 0
    for (start, widths) in structures {
      var offset = start
      for width in widths {
        let old = (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(image.bytes[offset + $1]) }
        let high: UInt64 = 1 << (8 * UInt64(width) - 1)
        for value in [0, .max, old &+ 1, old &- 1, old ^ high, high - 1, random.next()] {
          variant += 1
          guard variant % stride == 0 else { continue }
          var bytes = image.bytes
          for index in 0..<width {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
          }
          survey(bytes, "\(width) bytes at \(offset) = \(value), seed \(seed)")
        }
        offset += width
      }
    }
    #expect(variant > 120)
  }

  private func survey(_ bytes: [UInt8], _ what: String) {
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
    let volume = Volume(whole: device)
    do throws(SquashFSError) {
      let system = try SquashFSFileSystem.open(volume)
      for defect in TreeSurvey.defects(of: system, on: volume) {
        Issue.record("\(what): \(defect)")
      }
    } catch { #expect(!error.message.isEmpty) }
    if device.readCount > Self.readCountMax {
      Issue.record("\(what): \(device.readCount) reads")
    }
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try EditedImage.packed.get().bytes)
    func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<SquashFSError>) {
      let volume = Volume(whole: device)
      let system: SquashFSFileSystem<FaultyDevice<MemoryDevice>>
      do { system = try SquashFSFileSystem.open(volume) } catch { throw .reader(error) }
      for path: ByteString in ["/link", "/two-blocks", "/fragment"] {
        _ = try FileContents.readAll(path, in: system, on: volume, limit: 100_000)
      }
    }
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 10)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do throws(FileError<SquashFSError>) {
        try readAll(device)
        Issue.record("read \(failing) failed, and nobody said so")
      } catch {
        switch error {
        case .device(.readFailed), .reader(.device(.readFailed)): break
        default: Issue.record("\(error)")
        }
      }
    }
  }
}
