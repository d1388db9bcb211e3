// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import XFS

/// Damages structures at random and reads everything there is. `MUTATION_COUNT` sets how many
/// variants of each image there are, `MUTATION_SEED` repeats a run.
struct MutationTests {
  static let count = Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? 60
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")

  @Test func version4() throws { try run(EditedImage.plain.get(), isSealed: false) }

  @Test func version5BehindItsChecksums() throws {
    try run(EditedImage.checked.get(), isSealed: false)
  }

  @Test func version5WithChecksumsMadeAnew() throws {
    try run(EditedImage.checked.get(), isSealed: true)
  }

  private func run(_ image: EditedImage, isSealed: Bool) throws {
    var image = image
    let tree = try image.makeTree()
    let structures = try image.structures() + image.structures(of: tree)
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    for variant in 0..<Self.count {
      var damaged: [DiskStructure] = []
      // Some defects need a second one to show.
      for _ in 0...random.below(3) {
        let structure = structures[random.below(structures.count)]
        damaged.append(structure)
        let isNear = random.below(2) == 0
        let width = [1, 2, 4][random.below(3)]
        let count = isNear ? min(96, structure.byteCount) : structure.byteCount
        let start = structure.offset + random.below(count) / width * width
        for index in start..<start + width { random.damage(&memory.bytes[index]) }
        if isSealed { EditedImage.seal(structure.kind, at: structure.offset, in: &memory.bytes) }
      }
      let device = FaultyDevice(memory)
      Survey.walk(device)
      if device.readCount > Survey.readCountMax {
        Issue.record("variant \(variant) of seed \(seed): \(device.readCount) reads")
      }
      for structure in damaged { structure.restore(in: &memory.bytes, from: image) }
    }
    #expect(memory.bytes == image.bytes)
  }
}

/// Sets every field of every structure to 0, to its largest value, one up, one down and to random
/// values, and reads everything there is. All of it with `FIELD_VARIANTS=all` in the environment,
/// else some.
struct FieldTests {
  static let isComplete = ProcessInfo.processInfo.environment["FIELD_VARIANTS"] == "all"
  static let randomCount = 4
  /// Without `FIELD_VARIANTS=all`, one variant of that many is tried.
  static let stride = 151

  @Test func version4() throws { try run(EditedImage.plain.get()) }

  @Test func version5() throws { try run(EditedImage.checked.get()) }

  @Test func thereAreManyOfThem() throws {
    var count = 0
    for image in [EditedImage.plain, EditedImage.checked] {
      var image = try image.get()
      let tree = try image.makeTree()
      for structure in try image.structures() + image.structures(of: tree) {
        count += structure.fields.count
      }
    }
    #expect(count * (4 + Self.randomCount) >= 20_000)
  }

  private func run(_ image: EditedImage) throws {
    var image = image
    let tree = try image.makeTree()
    let seed = MutationTests.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    var variant = random.below(Self.stride)
    for structure in try image.structures() + image.structures(of: tree) {
      for (offset, width) in structure.fields {
        let place = structure.offset + offset
        let old = image.bytes[place..<place + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var values = [0, .max, old &+ 1, old &- 1]
        for _ in 0..<Self.randomCount { values.append(random.next()) }
        for value in values {
          variant += 1
          guard Self.isComplete || variant % Self.stride == 0 else { continue }
          for byte in 0..<width {
            memory.bytes[place + byte] = UInt8(
              truncatingIfNeeded: value >> (8 * UInt64(width - 1 - byte)))
          }
          if image.hasChecksums {
            EditedImage.seal(structure.kind, at: structure.offset, in: &memory.bytes)
          }
          let device = FaultyDevice(memory)
          Survey.walk(device)
          if device.readCount > Survey.readCountMax {
            let place = "\(structure.kind) field at \(offset) = \(value), seed \(seed)"
            Issue.record("\(place): \(device.readCount) reads")
          }
          structure.restore(in: &memory.bytes, from: image)
        }
      }
    }
  }
}
