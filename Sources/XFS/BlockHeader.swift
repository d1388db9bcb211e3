// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Where the header of a block of version 5 has what it says of itself. Each kind of block has the
/// same fields in another order.
struct BlockHeader {
  let checksum: Int
  /// The block's place on the volume in units of 512 bytes, 8 bytes wide.
  let place: Int
  let uuid: Int
  /// The inode whose block it is, 8 bytes wide.
  let owner: Int

  /// `struct xfs_btree_block`, the long form: a block of a map.
  static let map = BlockHeader(checksum: 64, place: 24, uuid: 40, owner: 56)
  /// `struct xfs_dir3_blk_hdr`: entries of a directory.
  static let directory = BlockHeader(checksum: 4, place: 8, uuid: 24, owner: 40)
  /// `struct xfs_da3_blkinfo`: the index of a directory.
  static let index = BlockHeader(checksum: 12, place: 16, uuid: 32, owner: 48)
  /// `struct xfs_dsymlink_hdr`: the target of a symbolic link.
  static let link = BlockHeader(checksum: 12, place: 40, uuid: 16, owner: 32)

  /// Checks that `view` is whole, and what it says of itself: it was read at `byteOffset` of the
  /// volume, for `inode`.
  func verify(
    _ view: ByteView, byteOffset: UInt64, inode: UInt64, of superblock: Superblock,
    at structure: XFSStructure
  ) throws(XFSError) {
    try Checksum.verify(view, field: checksum, at: structure)
    guard GUID(view, at: uuid) == superblock.metaUUID else { throw .wrongUUID(structure) }
    let storedPlace = view.u64BigEndian(at: place) ?? 0
    guard storedPlace == byteOffset / 512 else {
      throw .wrongPlace(structure, field: "sector", value: storedPlace)
    }
    let storedOwner = view.u64BigEndian(at: owner) ?? 0
    guard storedOwner == inode else {
      throw .wrongPlace(structure, field: "owner", value: storedOwner)
    }
  }
}
