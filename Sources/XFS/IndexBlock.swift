// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A block of the index of a directory: a leaf with the places of entries, or a node above leaves
/// or nodes (`struct xfs_dir2_leaf`, `struct xfs_da_intnode`, and both with a 3 for version 5).
struct IndexBlock {
  /// 0 for a leaf.
  let level: Int
  /// The leaf with the hashes after these; 0 if there is none.
  let next: UInt32
  let hashes: HashTable

  /// The block `view`, whose header has been checked but for its magic number.
  init(_ view: ByteView, of superblock: Superblock, at place: XFSStructure) throws(XFSError) {
    let hasChecksums = superblock.features.hasChecksums
    let fields = hasChecksums ? 56 : 12
    let magic = view.u16BigEndian(at: 8) ?? 0
    guard let next = view.u32BigEndian(at: 0), let count = view.u16BigEndian(at: fields),
      let level = view.u16BigEndian(at: fields + 2),
      let hashes = HashTable(view, at: hasChecksums ? 64 : 16, count: Int(count))
    else { throw .badDirectoryIndex(place) }
    switch (magic, hasChecksums) {
    case (0x3df1, true), (0x3dff, true), (0xd2f1, false), (0xd2ff, false):
      // The second number of a leaf is how many of its pairs are not in use.
      guard level <= count else { throw .badDirectoryIndex(place) }
      self.level = 0
    case (0x3ebe, true), (0xfebe, false):
      guard level > 0, Int(level) <= XFSLimits.indexDepth, count > 0 else {
        throw .badDirectoryIndex(place)
      }
      self.level = Int(level)
    default: throw .badMagic(place, magic: UInt32(magic))
    }
    self.next = next
    self.hashes = hashes
  }
}
