// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import FAT

/// Damages images at random, always in the same way, and reads them: no crash, no hang, no read
/// beyond the volume, and sizes that add up.
struct MutationTests {
  /// The most reads that a walk over a damaged image may take.
  private static let readCountMax = 60000

  @Test(arguments: [1, 2, 3])
  func damagedImagesAreRefusedOrRead(seed: UInt64) throws {
    let image = try [EditedImage.fat12, EditedImage.fat16, EditedImage.fat32][Int(seed) - 1].get()
    let targets = try metadataRanges(of: image)
    var random = SplitMix(seed: seed)
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    for variant in 0..<(seed == 3 ? 300 : 1000) {
      let damaged = random.damage(&memory.bytes, in: targets)
      let device = FaultyDevice(memory)
      walk(device, byteCount: UInt64(image.bytes.count))
      if device.readCount > Self.readCountMax {
        Issue.record("variant \(variant) of seed \(seed): \(device.readCount) reads")
      }
      for offset in damaged { memory.bytes[offset] = image.bytes[offset] }
    }
  }

  /// Reads what there is, as a boot loader would and more.
  private func walk(_ device: FaultyDevice<MemoryDevice>, byteCount: UInt64) {
    do throws(FATError) {
      let system = try FATFileSystem.open(Volume(whole: device))
      _ = (system.formatName, system.label, system.uuid)
      var pending = [(depth: 0, node: try system.root())]
      var count = 0
      while let (depth, node) = pending.popLast(), count < 40 {
        count += 1
        do throws(FATError) {
          let attributes = try system.attributes(of: node)
          if attributes.kind == .directory {
            let entries = try system.entries(of: node)
            if depth < 5 { pending += entries.prefix(20).map { (depth + 1, $0.node) } }
            _ = try system.lookUp("..", in: node)
            _ = try system.lookUp("menu.lst", in: node)
          } else {
            var sum: UInt64 = 0
            for extent in try system.extents(of: node) {
              sum += extent.byteCount
              if case .run(let offset, let count) = extent {
                #expect(offset <= byteCount && count <= byteCount - offset)
              }
            }
            #expect(sum == attributes.byteCount)
          }
        } catch { #expect(!error.message.isEmpty) }
      }
    } catch { #expect(!error.message.isEmpty) }
  }

  /// The boot sector, the beginnings of the tables, and the directories.
  private func metadataRanges(of image: EditedImage) throws -> [Range<Int>] {
    let system = try image.open()
    let table = Int(system.bootSector.tableByteOffset)
    var ranges = [11..<90, 11..<48, table..<table + 80]
    for path: ByteString in ["/", "/boot", "/boot/grub", "/a", "/a/b"] {
      let node = try PathWalk.resolve(path, in: system).node
      guard case .run(let offset, _) = try system.directoryRuns(of: node).first else { continue }
      ranges.append(Int(offset)..<Int(offset) + 224)
    }
    return ranges
  }
}
