// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A search for a name. Where case is folded, the same name goes before one that is the same but
/// for case.
struct NameMatch {
  let name: ByteString
  private let folded: ByteString?
  /// What a name that differs only in case leads to.
  private(set) var nearInode: UInt64?

  init(_ name: ByteString, foldingCase: Bool) {
    self.name = name
    folded = foldingCase ? CaseFold.fold(name) : nil
  }

  /// Whether the `count` bytes at `offset` of `view` are the name; `inode` is kept if they are the
  /// same but for case.
  mutating func isFound(_ view: ByteView, at offset: Int, count: Int, inode: UInt64) -> Bool {
    guard count == name.count, let stored = view.slice(at: offset, count: count) else {
      return false
    }
    if stored.withBytes({ $0.elementsEqual(name.bytes) }) { return true }
    if let folded, nearInode == nil, CaseFold.fold(ByteString(stored.bytes)) == folded {
      nearInode = inode
    }
    return false
  }
}
