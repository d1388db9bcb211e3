// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import UDF

/// Changes bytes at random and reads everything there is. Whatever comes of it, it is an error or a
/// file, soon. `MUTATION_COUNT` and `MUTATION_SEED` in the environment set how many variants there
/// are, and which.
struct MutationTests {
  static let count = Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? 60
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")
  /// The most reads that a walk over a damaged image may take.
  static let readCountMax = 20000

  @Test(
    arguments: [
      "block=2048", "block=512 allocation=long", "allocation=chained piece=3",
      "kind=sparable moved=0,2 piece=7", "kind=virtual",
      "kind=metadata revision=0x250 entry=extended", "strategy=4096",
    ])
  func damagedImagesNeitherTrapNorHang(words: String) throws {
    let image = try UDFImage.make("made \(words)")
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let descriptors = try places(in: image)
    for variant in 0..<Self.count {
      var damaged = image
      for _ in 0...random.next() % 3 {
        let start = descriptors[Int(random.next() % UInt64(descriptors.count))]
        let width = [1, 2, 4, 8][Int(random.next() % 4)]
        let length = random.next() % 3 == 0 ? 512 : 232
        let offset = start + Int(random.next() % UInt64(length - width))
        guard offset + width <= damaged.bytes.count else { continue }
        for index in 0..<width {
          let values: [UInt8] = [0, 0xff, UInt8(truncatingIfNeeded: random.next()), 1]
          damaged.bytes[offset + index] = values[Int(random.next() % 4)]
        }
        // What is after the checksums is reached as well.
        if variant % 8 > 0 { damaged.seal(start) }
      }
      survey(damaged.bytes, "variant \(variant) of seed \(seed)")
    }
  }

  /// Where descriptors are: every block of the image that begins with a good tag, and the names in
  /// directories.
  private func places(in image: UDFImage) throws -> [Int] {
    var result: [Int] = []
    let view = ByteView(image.bytes)
    for offset in stride(from: 0, to: image.bytes.count - 512, by: 4) {
      guard let number = view.u16(at: offset),
        [1, 2, 5, 6, 256, 257, 258, 259, 261, 266]
          .contains(number), view.u16(at: offset + 2) == 3, view.u8(at: offset + 5) == 0
      else { continue }
      // Names are many: some will do.
      if number != 257 || result.count % 3 == 0 { result.append(offset) }
    }
    #expect(result.count > 30)
    return result
  }

  private func survey(_ bytes: [UInt8], _ comment: String) {
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
    let volume = Volume(whole: device)
    guard let system = try? UDFFileSystem.open(volume), let root = try? system.root() else {
      return
    }
    var pending = [root]
    var visited = 0
    while let node = pending.popLast(), visited < 400 {
      visited += 1
      guard let attributes = try? system.attributes(of: node) else { continue }
      switch attributes.kind {
      case .directory:
        pending += ((try? system.entries(of: node)) ?? []).map { $0.node }
      case .symbolicLink: _ = try? system.linkTarget(of: node)
      case .file:
        guard let extents = try? system.extents(of: node) else { continue }
        var sum: UInt64 = 0
        for extent in extents {
          sum &+= extent.byteCount
          guard case .run(let offset, let count) = extent else { continue }
          #expect(offset <= volume.byteCount && count <= volume.byteCount - offset, "\(comment)")
        }
        #expect(sum == attributes.byteCount, "\(comment)")
      case .special: break
      }
    }
    #expect(device.readCount <= Self.readCountMax, "\(comment): \(device.readCount) reads")
  }
}
