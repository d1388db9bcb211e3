// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

/// Damages images at random, always in the same way, and reads them: no crash, no hang, no read
/// beyond the volume, and sizes that add up.
struct MutationTests {
  /// The most reads that a walk over a damaged image may take.
  private static let readCountMax = 20000

  @Test(arguments: [1, 2, 3, 4, 5])
  func damagedImagesAreRefusedOrRead(seed: UInt64) throws {
    let kinds = [
      EditedImage.rockRidge, EditedImage.joliet, EditedImage.plain, EditedImage.zisofs,
      EditedImage.zisofs2,
    ]
    let image = try kinds[Int(seed) - 1].get()
    let targets = try metadataRanges(of: image)
    var random = SplitMix(seed: seed)
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    for variant in 0..<1200 {
      let damaged = random.damage(&memory.bytes, in: targets)
      let device = FaultyDevice(memory)
      walk(device, byteCount: UInt64(image.bytes.count))
      if device.readCount > Self.readCountMax {
        Issue.record("variant \(variant) of seed \(seed): \(device.readCount) reads")
      }
      for offset in damaged { memory.bytes[offset] = image.bytes[offset] }
    }
  }

  /// Reads what there is, as a boot loader would and more, as deep as a path may be.
  private func walk(_ device: FaultyDevice<MemoryDevice>, byteCount: UInt64) {
    do throws(ISO9660Error) {
      let system = try ISO9660FileSystem.open(Volume(whole: device))
      _ = (system.formatName, system.label, system.uuid)
      _ = try? system.bootImages()
      var pending = [(depth: 0, node: try system.root())]
      var count = 0
      while let (depth, node) = pending.popLast(), count < 500 {
        count += 1
        do throws(ISO9660Error) {
          let attributes = try system.attributes(of: node)
          switch attributes.kind {
          case .directory:
            let entries = try system.entries(of: node)
            if depth < 16 { pending += entries.map { (depth + 1, $0.node) } }
            _ = try system.lookUp("..", in: node)
            _ = try system.lookUp("menu.lst", in: node)
          case .symbolicLink: _ = try system.linkTarget(of: node)
          case .file:
            var sum: UInt64 = 0
            for extent in try system.extents(of: node) {
              sum += extent.byteCount
              var runs = [extent]
              if case .encoded(let piece) = extent { runs = piece.stored }
              for case .run(let offset, let count) in runs {
                #expect(offset <= byteCount && count <= byteCount - offset)
              }
            }
            #expect(sum == attributes.byteCount)
          case .special: break
          }
        } catch { #expect(!error.message.isEmpty) }
      }
    } catch { #expect(!error.message.isEmpty) }
  }

  /// Descriptors, directories, continuation areas and the boot catalogue.
  private func metadataRanges(of image: EditedImage) throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for sector in 16..<20 {
      let start = sector * 2048
      ranges += [start..<start + 8, start + 120..<start + 200]
    }
    let system = try image.open()
    var pending = [try system.root()]
    while let node = pending.popLast() {
      let resolved = try system.resolved(node)
      if try system.attributes(of: node).kind == .directory {
        let section = try resolved.record.section(blockByteCount: 2048)
        let start = Int(section.byteOffset)
        ranges += [start..<start + 400, start..<start + 1200]
        pending += try system.entries(of: node).map { $0.node }
      } else if case .record(let offset) = node.record.place,
        let entry = try? image.entry("CE", of: Int(offset))
      {
        let area = Int(image.u32(entry + 4)) * 2048 + Int(image.u32(entry + 12))
        ranges.append(area..<area + Int(image.u32(entry + 20)))
      }
    }
    if let node = try? PathWalk.resolve("/packed", in: system).node {
      let start = Int(try node.record.section(blockByteCount: 2048).byteOffset)
      ranges.append(start..<start + 60)
    }
    if image.bytes[17 * 2048] == 0 {
      let catalogue = Int(image.u32(17 * 2048 + 0x47)) * 2048
      ranges.append(catalogue..<catalogue + 64)
    }
    return ranges
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try EditedImage.rockRidge.get().bytes)
    func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<ISO9660Error>) {
      let volume = Volume(whole: device)
      let system: ISO9660FileSystem<FaultyDevice<MemoryDevice>>
      do { system = try ISO9660FileSystem.open(volume) } catch { throw .reader(error) }
      for path: ByteString in ["/link", "/1/2/3/4/5/6/7/8/9/file"] {
        _ = try FileContents.readAll(path, in: system, on: volume, limit: 1000)
      }
      let link = try PathWalk.resolve("/long-link", in: system, followingLastLink: false)
      do { _ = try system.linkTarget(of: link.node) } catch { throw .reader(error) }
    }
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 30)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      #expect(throws: FileError<ISO9660Error>.self) { try readAll(device) }
      #expect(device.readCount >= failing)
    }
  }
}
