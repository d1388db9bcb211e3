// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Pairs of four bytes each in the order of their hashes: a hash, and what it leads to, which is
/// the place of an entry in units of 8 bytes (0 for one not in use), or a block of the index whose
/// last hash it is.
struct HashTable {
  let count: Int
  private let view: ByteView
  private let start: Int

  /// `count` pairs at `offset` of `view`; nil unless all are inside.
  init?(_ view: ByteView, at offset: Int, count: Int) {
    guard count >= 0, offset <= view.count, 8 * count <= view.count - offset else { return nil }
    self.view = view
    start = offset
    self.count = count
  }

  func hash(_ slot: Int) -> UInt32 { view.u32BigEndian(at: start + 8 * slot) ?? 0 }

  func value(_ slot: Int) -> UInt32 { view.u32BigEndian(at: start + 8 * slot + 4) ?? 0 }

  /// The first slot whose hash is not less than `hash`; the count if there is none.
  func firstSlot(for hash: UInt32) -> Int {
    // The slot is at or after `low`, and not after `high`.
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self.hash(middle) < hash { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
