// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ExFAT

/// Damages images at random, always in the same way, and reads them: no crash, no hang, no read
/// beyond the volume, and sizes that add up.
struct MutationTests {
  /// The most reads that a walk over a damaged image may take.
  private static let readCountMax = 20000

  @Test(arguments: [1, 2])
  func damagedImagesAreRefusedOrRead(seed: UInt64) throws {
    let image = try EditedImage.small.get()
    let targets = try metadataRanges(of: image)
    var random = SplitMix(seed: seed)
    for variant in 0..<400 {
      var edited = image
      _ = random.damage(&edited.bytes, in: targets)
      // What is after the checksums is reached as well.
      if variant % 4 > 0 {
        edited.sealBoot()
        for place in targets.dropFirst(2).map({ $0.lowerBound }) where edited.bytes[place] == 0x85 {
          edited.sealSet(at: place)
        }
      }
      let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: edited.bytes))
      walk(device, byteCount: UInt64(image.bytes.count))
      if device.readCount > Self.readCountMax {
        Issue.record("variant \(variant) of seed \(seed): \(device.readCount) reads")
      }
    }
  }

  /// Reads what there is, as a boot loader would and more.
  private func walk(_ device: FaultyDevice<MemoryDevice>, byteCount: UInt64) {
    do throws(ExFATError) {
      let system = try ExFATFileSystem.open(Volume(whole: device))
      _ = (system.formatName, system.label, system.uuid, system.remark)
      var pending = [(depth: 0, node: try system.root())]
      var count = 0
      while let (depth, node) = pending.popLast(), count < 40 {
        count += 1
        do throws(ExFATError) {
          let attributes = try system.attributes(of: node)
          if attributes.kind == .directory {
            let entries = try system.entries(of: node)
            if depth < 5 { pending += entries.prefix(20).map { (depth + 1, $0.node) } }
            _ = try system.lookUp("..", in: node)
            _ = try system.lookUp("grub.cfg", in: node)
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

  /// The boot sector, the beginning of the table, sets of entries and the root's own entries.
  private func metadataRanges(of image: EditedImage) throws -> [Range<Int>] {
    let table = image.tableEntry(0)
    var ranges = [64..<120, table..<table + 400]
    for name in ["boot", "grub", "grub.cfg", "numbers", "row", "preallocated"] {
      let place = try image.entries(name)
      ranges.append(place..<place + 96)
    }
    for type: UInt8 in [0x81, 0x82, 0x83] {
      let place = try image.rootEntry(type)
      ranges.append(place..<place + 32)
    }
    return ranges
  }
}
