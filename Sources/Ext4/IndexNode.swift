// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A block of the index of a directory, of pairs of hash and block number (`struct dx_root`,
/// `struct dx_node`). The first pair has no hash: in its place are the room and the count.
struct IndexNode {
  /// Where the pairs begin: after `.`, `..` and the root's info, or after one unused record.
  let offset: Int
  let entryCount: Int
  let entryCountMax: Int

  /// Nil if the block's records say that it is a leaf.
  init?(_ view: ByteView, isRoot: Bool) {
    guard let first = view.u16(at: 4) else { return nil }
    let firstByteCount = DirectoryBlock.recordByteCount(first, blockByteCount: view.count)
    if isRoot {
      guard firstByteCount == 12, let second = view.u16(at: 16),
        DirectoryBlock.recordByteCount(second, blockByteCount: view.count) == view.count - 12,
        view.u32(at: 24) == 0, view.u8(at: 29) == 8
      else { return nil }
      offset = 32
    } else {
      guard firstByteCount == view.count, view.u32(at: 0) == 0 else { return nil }
      offset = 8
    }
    guard let countMax = view.u16(at: offset), let count = view.u16(at: offset + 2),
      count > 0, count <= countMax, offset + 8 * Int(countMax) <= view.count
    else { return nil }
    entryCount = Int(count)
    entryCountMax = Int(countMax)
  }

  /// The hash from which on names are in the block of the pair `slot`; the first begins with 0.
  func hash(_ view: ByteView, _ slot: Int) -> UInt32 {
    slot == 0 ? 0 : view.u32(at: offset + 8 * slot) ?? 0
  }

  /// The directory's block that the pair `slot` names. The upper four bits are reserved.
  func block(_ view: ByteView, _ slot: Int) -> UInt64 {
    UInt64((view.u32(at: offset + 8 * slot + 4) ?? 0) & 0x0fff_ffff)
  }

  /// The pair under whose block a name of `hash` is.
  func slot(_ view: ByteView, for hash: UInt32) -> Int {
    // The last slot whose hash is not greater is at or after `low` and before `high`.
    var low = 0
    var high = entryCount
    while high - low > 1 {
      let middle = (low + high) / 2
      if self.hash(view, middle) > hash { high = middle } else { low = middle }
    }
    return low
  }

  /// Checks the checksum in the 8 bytes after the room for pairs (`struct dx_tail`): it is over
  /// the pairs in use, and over the tail with zero in its own place.
  func verify(_ view: ByteView, seed: UInt32, at place: Ext4Structure) throws(Ext4Error) {
    let tail = offset + 8 * entryCountMax
    guard let covered = view.slice(at: 0, count: offset + 8 * entryCount),
      let reserved = view.u32(at: tail), let stored = view.u32(at: tail + 4)
    else { throw .badDirectoryIndex(place) }
    let head = Checksum.crc32c(seed, covered)
    let computed = Checksum.crc32c(Checksum.crc32c(head, reserved), 0)
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(place, stored: stored, computed: computed)
    }
  }
}
