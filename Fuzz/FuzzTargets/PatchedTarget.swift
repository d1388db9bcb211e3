// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport

/// What targets with base images have in common: the input's first byte chooses the base, the rest
/// are patches.
class PatchedTarget: FuzzTarget {
  /// How many reads of a base get seeds of their own.
  static let seededReadCountMax = 160

  let name: String
  let recipes: [BaseRecipe]
  let byteCountMax = 512
  private var bases: [BaseImage] = []
  private let patches = PatchList()

  init(_ name: String, _ recipes: [BaseRecipe]) {
    self.name = name
    self.recipes = recipes
  }

  func use(_ bases: [BaseImage]) { self.bases = bases }

  /// Each base as it is, and for each of its reads one with patches that change nothing.
  func seeds() -> [[UInt8]] {
    var result: [[UInt8]] = []
    var random = SplitMix(seed: 19)
    for (number, base) in bases.enumerated() {
      let first = [UInt8(truncatingIfNeeded: number)]
      result.append(first)
      patches.log = []
      run(first[...], WorkAccount())
      for (read, place) in (patches.log ?? []).prefix(Self.seededReadCountMax).enumerated() {
        var seed = first
        for _ in 0..<4 {
          let count = min([1, 2, 4, 8][random.below(4)], place.count)
          // Fields are aligned, and most of a structure is at its start.
          let end = min(place.count, [64, 512, 4096][random.below(3)]) - count
          let offset = random.below(end / count + 1) * count
          let start = Int(place.byteOffset) + offset
          let bytes = Array(base.disks[place.disk].bytes[start..<start + count])
          seed += PatchList.encode(read: read, place: offset, bytes[...])
        }
        result.append(seed)
      }
      patches.log = nil
    }
    return result
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    guard let first = input.first, !bases.isEmpty else { return }
    let base = bases[Int(first) % bases.count]
    patches.begin(input.dropFirst())
    let devices = base.disks.enumerated().map { index, disk in
      FuzzDevice(disk, index: index, patches: patches, work: work)
    }
    run(devices, work)
  }

  /// What is done with the disks.
  func run(_ devices: [FuzzDevice], _ work: WorkAccount) {}
}
