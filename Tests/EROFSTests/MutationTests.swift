// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import EROFS

/// Changes bytes at random and reads everything there is. Whatever comes of it, it is an error or a
/// file, soon. `MUTATION_COUNT` and `MUTATION_SEED` in the environment set how many variants there
/// are, and which; `FIELD_VARIANTS=all` tries all values of all fields.
struct MutationTests {
  static let count = Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? 120
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")
  static let isComplete = ProcessInfo.processInfo.environment["FIELD_VARIANTS"] == "all"
  /// Without `FIELD_VARIANTS=all`, one variant of that many is tried.
  static let stride = 5
  /// The most reads that a walk over a damaged image may take.
  static let readCountMax = 20000

  private enum Source: CaseIterable {
    case plain, inline, chunks, compact, full, lzma, zstd, fragments, metabox, devices

    static var withDevices: [UInt8] {
      var image = WideImage.devices([(26, 1, "tag")], chunks: [(1, 0), (0, 2)])
      image.addData([1, 2, 3])
      return image.finish()
    }

    func image() throws -> EditedImage {
      switch self {
      case .plain: try EditedImage.plain.get()
      case .inline: try EditedImage.inline.get()
      case .chunks: try EditedImage.chunks.get()
      case .compact: try EditedImage.compact.get()
      case .full: try EditedImage.full.get()
      case .lzma: EditedImage(try MadeImageTests.image(.lzma))
      case .zstd: EditedImage(try MadeImageTests.image(.zstd))
      case .fragments: EditedImage(try MadeImageTests.fragments(isPacked: true))
      case .metabox: EditedImage(try WideImage.metabox(isPacked: false))
      case .devices: EditedImage(Self.withDevices)
      }
    }
  }

  @Test(arguments: Source.allCases)
  private func damagedImagesNeitherTrapNorHang(_ source: Source) throws {
    let image = try source.image()
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let targets = try metadataRanges(of: image) + [1024..<1024 + 200, 1024..<image.bytes.count]
    for variant in 0..<Self.count {
      var bytes = image.bytes
      random.damageFields(&bytes, in: targets)
      // What is after the checksum is reached as well.
      if variant % 8 > 0 { MadeImage.seal(&bytes) }
      survey(bytes, "variant \(variant) of seed \(seed)")
    }
  }

  @Test(arguments: Source.allCases)
  private func everyFieldMayLie(_ source: Source) throws {
    let image = try source.image()
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    var structures = [
      (1024, [4, 4, 4, 1, 1, 2, 8, 8, 4, 4, 4, 4, 8, 8, 8, 8, 4, 2, 2, 2, 1, 1, 4, 8, 8, 8, 8]),
      (1024 + 128, [2, 2, 2, 2, 2, 2, 2, 2]),
    ]
    for range in try metadataRanges(of: image) {
      let isExtended = image.bytes[range.lowerBound] & 1 != 0
      let inode = isExtended ? [2, 2, 2, 2, 8, 4, 4, 4, 4, 8, 4, 4, 8, 8] : [2, 2, 2, 2] + four(6)
      structures.append((range.lowerBound, inode + [2, 2, 2, 1, 1] + four(2)))
      structures.append((range.lowerBound + inode.reduce(0, +) + 16, [2, 2, 4, 2, 2, 2, 2]))
    }
    var variant = Int(seed % UInt64(Self.stride))
    for (start, widths) in structures {
      var offset = start
      for width in widths {
        let old = (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(image.bytes[offset + $1]) }
        let high: UInt64 = 1 << (8 * UInt64(width) - 1)
        for value in [0, .max, old &+ 1, old &- 1, old ^ high, high - 1, random.next()] {
          variant += 1
          guard Self.isComplete || variant % Self.stride == 0 else { continue }
          var bytes = image.bytes
          for index in 0..<width {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
          }
          MadeImage.seal(&bytes)
          survey(bytes, "\(width) bytes at \(offset) = \(value), seed \(seed)")
        }
        offset += width
      }
    }
    #expect(variant > 400)
  }

  private func four(_ count: Int) -> [Int] { [Int](repeating: 4, count: count) }

  /// Where inodes with what is after them, and the names of the root, are.
  private func metadataRanges(of image: EditedImage) throws -> [Range<Int>] {
    let system = try image.open()
    var paths: [ByteString] = ["/"]
    for entry in try system.entries(of: try system.root()) { paths.append("/" + entry.name) }
    var ranges = try paths.map { path in
      let offset = try image.inode(path).offset
      return offset..<min(offset + 200, image.bytes.count)
    }
    // They may be behind an inode too.
    if let names = try? image.firstBlock("/") { ranges.append(names..<names + 64) }
    return ranges
  }

  private func survey(_ bytes: [UInt8], _ what: String) {
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
    let volume = Volume(whole: device)
    do throws(EROFSError) {
      let system = try EROFSFileSystem.open(volume)
      let defects = TreeSurvey.defects(of: system, on: volume, nodeCountMax: 60)
      for defect in defects { Issue.record("\(what): \(defect)") }
    } catch { #expect(!error.message.isEmpty) }
    if device.readCount > Self.readCountMax {
      Issue.record("\(what): \(device.readCount) reads")
    }
  }

  @Test(arguments: [false, true])
  func everyFailedReadIsToldWithItsSector(isCompact: Bool) throws {
    let image = isCompact ? EditedImage.compact : EditedImage.full
    let memory = MemoryDevice(name: "xvda", bytes: try image.get().bytes)
    func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<EROFSError>) {
      let volume = Volume(whole: device)
      let system: EROFSFileSystem<FaultyDevice<MemoryDevice>>
      do { system = try EROFSFileSystem.open(volume) } catch { throw .reader(error) }
      for path: ByteString in ["/link", "/numbers", "/end"] {
        _ = try FileContents.readAll(path, in: system, on: volume, limit: 200_000)
      }
    }
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 10)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do throws(FileError<EROFSError>) {
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
