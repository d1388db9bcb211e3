// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FileSystem

@testable import XFS

/// A structure on the disk that tests damage.
struct DiskStructure {
  let kind: EditedImage.Structure
  let offset: Int
  /// The part that is worth damaging.
  let byteCount: Int
  /// Offsets and widths of fields in it.
  let fields: [(offset: Int, width: Int)]

  /// Undoes all damage: a copy of the whole image for each would take its time.
  func restore(in bytes: inout [UInt8], from image: EditedImage) {
    let range = offset..<offset + kind.byteCount
    bytes.replaceSubrange(range, with: image.bytes[range])
  }
}

extension EditedImage {
  /// Every structure that a walk of the image reads, with a map that is a tree.
  func structures() throws -> [DiskStructure] {
    let system = try open()
    var result = [
      DiskStructure(
        kind: .superblock, offset: 0, byteCount: 304,
        fields: Self.fields([
          (1, 4, 0), (3, 8, 8), (4, 4, 32), (4, 8, 48), (5, 4, 80), (4, 2, 100), (3, 4, 108),
          (8, 1, 120), (4, 8, 128), (2, 8, 160), (1, 2, 176), (2, 1, 178), (3, 4, 180), (2, 1, 192),
          (1, 2, 194), (9, 4, 196), (2, 8, 232), (4, 4, 248), (5, 8, 264),
        ]))
    ]
    let start = hasChecksums ? 176 : 100
    for path in Survey.paths {
      let inode = try system.inode(try inode(path))
      let offset = Int(try system.superblock.byteOffset(ofInode: inode.number))
      var fields: [(Int, Int, Int)] = [
        (2, 2, 0), (2, 1, 4), (1, 2, 6), (3, 4, 8), (2, 2, 20), (1, 8, 24), (6, 4, 32), (2, 8, 56),
        (2, 4, 72), (1, 2, 80), (2, 1, 82), (1, 4, 84), (2, 2, 88), (2, 4, 92),
      ]
      if hasChecksums {
        fields += [(1, 4, 100), (3, 8, 104), (4, 4, 128), (2, 8, 144), (4, 4, 160)]
      }
      switch inode.format {
      case .extents: fields += [(6, 8, start)]
      case .tree:
        fields += [(2, 2, start), (2, 8, start + 4)]
        fields += [(2, 8, start + 4 + 8 * ((inode.fork.count - 4) / 16))]
      default: fields += [(40, 1, start)]
      }
      result.append(
        DiskStructure(
          kind: .inode, offset: offset, byteCount: start + 64, fields: Self.fields(fields)))
      guard inode.format == .extents || inode.format == .tree else { continue }
      if inode.kind == .file { continue }
      result += try blocks(of: inode, in: system)
    }
    return result
  }

  /// The nodes and leaves of a tree that was made.
  func structures(of tree: Tree) -> [DiskStructure] {
    let head =
      (hasChecksums ? [(1, 4, 0), (2, 2, 4), (8, 8, 8)] : [(1, 4, 0), (2, 2, 4), (2, 8, 8)])
    let room = (4096 - mapHeader) / 16
    return [
      DiskStructure(
        kind: .map, offset: tree.node, byteCount: 160,
        fields: Self.fields(head + [(9, 8, mapHeader), (9, 8, mapHeader + 8 * room)]))
    ]
      + tree.leaves.map {
        DiskStructure(
          kind: .map, offset: $0, byteCount: 240, fields: Self.fields(head + [(18, 8, mapHeader)]))
      }
  }

  private func blocks(
    of inode: Inode, in system: EditedImage.System
  ) throws -> [DiskStructure] {
    var result: [DiskStructure] = []
    var cursor = try ExtentCursor(inode, in: system)
    while let record = try cursor.next() {
      for index in 0..<record.count where result.count < 12 {
        let offset = Int(system.superblock.byteOffset(ofBlock: record.block + index))
        if inode.kind == .symbolicLink {
          result.append(
            DiskStructure(
              kind: .link, offset: offset, byteCount: 64, fields: Self.fields([(14, 4, 0)])))
        } else if record.fileBlock < 1 << 23 {
          let start = hasChecksums ? 64 : 16
          result.append(
            DiskStructure(
              kind: .directory, offset: offset, byteCount: 4096,
              fields: Self.fields([
                (start / 4, 4, 0), (80, 1, start), (16, 4, 4096 - 64),
              ])))
        } else if record.fileBlock + index < 1 << 24 {
          let fields = hasChecksums ? 56 : 12
          result.append(
            DiskStructure(
              kind: .index, offset: offset, byteCount: 1024,
              fields: Self.fields([(2, 4, 0), (2, 2, 8), (2, 2, fields), (60, 4, fields + 4)])))
        }
      }
    }
    return result
  }

  /// So many fields of a width from an offset on.
  private static func fields(
    _ list: [(count: Int, width: Int, offset: Int)]
  ) -> [(offset: Int, width: Int)] {
    list.flatMap { item in
      (0..<item.count).map { (offset: item.offset + item.width * $0, width: item.width) }
    }
  }
}
