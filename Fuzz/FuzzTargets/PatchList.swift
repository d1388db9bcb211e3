// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Changes of a base image at the places that are read.
///
/// An input is the number of a base (1 byte), then patches: the number of a read (2 bytes, low one
/// first), a place in what it reads (2 bytes, modulo its length), a byte whose lower four bits are
/// a count less one and whose upper four say what is done, and so many bytes. The reads are counted
/// as far as they are of places not read before, over all disks. A patch stays: whoever reads the
/// place again reads the same.
final class PatchList {
  /// How many patches there may be.
  static let countMax = 64
  /// How many bytes a patch may have.
  static let byteCountMax = 16

  /// What is done with the bytes of a patch.
  enum Change: UInt8 {
    case replace, add, addBigEndian, exclusiveOr
  }

  private struct Patch {
    var read = 0
    var place = 0
    var change = Change.replace
    var start = 0
    var count = 0
    /// Where it has come to be; the disk is -1 until then.
    var disk = -1
    var byteOffset: UInt64 = 0
  }

  private var input: ArraySlice<UInt8> = []
  private var patches: [Patch] = []
  private var activeCount = 0
  private var seen = [UInt64](repeating: 0, count: 64)
  /// How many different places were read.
  private(set) var readCount = 0
  /// What was read, if that is wanted.
  var log: [(disk: Int, byteOffset: UInt64, count: Int)]?

  /// Takes an input apart. With `isFlat` all patches are for the first read.
  func begin(_ input: ArraySlice<UInt8>, isFlat: Bool = false) {
    self.input = input
    patches.removeAll(keepingCapacity: true)
    activeCount = 0
    readCount = 0
    for index in seen.indices { seen[index] = 0 }
    var index = input.startIndex
    while index + 5 < input.endIndex, patches.count < Self.countMax {
      var patch = Patch()
      patch.read = isFlat ? 0 : Int(input[index]) | Int(input[index + 1] & 0x03) << 8
      patch.place = Int(input[index + 2]) | Int(input[index + 3]) << 8
      patch.change = Change(rawValue: input[index + 4] >> 4 & 3) ?? .replace
      patch.start = index + 5
      patch.count = min(Int(input[index + 4] & 15) + 1, input.endIndex - patch.start)
      index = patch.start + patch.count
      patches.append(patch)
    }
  }

  /// The bytes of an input for one patch.
  static func encode(read: Int, place: Int, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let head = [read & 0xff, read >> 8, place & 0xff, place >> 8, bytes.count - 1]
    return head.map { UInt8(truncatingIfNeeded: $0) } + bytes
  }

  /// Changes what was read of a disk.
  func apply(to bytes: inout [UInt8], disk: Int, at byteOffset: UInt64) {
    guard !bytes.isEmpty else { return }
    if isNew(disk, byteOffset, bytes.count) {
      log?.append((disk, byteOffset, bytes.count))
      for index in patches.indices where patches[index].read == readCount && patches[index].disk < 0
      {
        patches[index].disk = disk
        patches[index].byteOffset = byteOffset + UInt64(patches[index].place % bytes.count)
        activeCount += 1
      }
      readCount += 1
    }
    if activeCount == 0 { return }
    let end = byteOffset + UInt64(bytes.count)
    for patch in patches where patch.disk == disk {
      if patch.byteOffset >= end || patch.byteOffset + UInt64(patch.count) <= byteOffset {
        continue
      }
      change(&bytes, by: patch, at: byteOffset)
    }
  }

  private func change(_ bytes: inout [UInt8], by patch: Patch, at byteOffset: UInt64) {
    var carry = 0
    for step in 0..<patch.count {
      let number = patch.change == .addBigEndian ? patch.count - 1 - step : step
      let place = patch.byteOffset + UInt64(number)
      guard place >= byteOffset, place < byteOffset + UInt64(bytes.count) else { continue }
      let index = Int(place - byteOffset)
      let value = input[patch.start + number]
      switch patch.change {
      case .replace: bytes[index] = value
      case .exclusiveOr: bytes[index] ^= value
      case .add, .addBigEndian:
        let sum = Int(bytes[index]) + Int(value) + carry
        bytes[index] = UInt8(truncatingIfNeeded: sum)
        carry = sum >> 8
      }
    }
  }

  private func isNew(_ disk: Int, _ byteOffset: UInt64, _ count: Int) -> Bool {
    var mixed = byteOffset &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(count) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed &+ UInt64(disk)) &* 0x94d0_49bb_1331_11eb
    let bit = Int(mixed >> 52)
    let mask: UInt64 = 1 << UInt64(bit & 63)
    if seen[bit >> 6] & mask != 0 { return false }
    seen[bit >> 6] |= mask
    return true
  }
}
