// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import Ext4

/// The small image in memory, to be damaged field by field.
struct EditedImage {
  typealias System = Ext4FileSystem<MemoryDevice>

  /// Without checksums, so that damaged fields are seen themselves.
  static let plain = Result { try EditedImage(",^metadata_csum,^64bit,^uninit_bg") }
  /// With all the checksums of today.
  static let checksummed = Result { try EditedImage(",metadata_csum,64bit") }
  /// With the checksums of descriptors of ten years ago.
  static let groupChecksummed = Result { try EditedImage(",^metadata_csum,^64bit,uninit_bg") }
  /// With contents inside inodes.
  static let inline = Result {
    try EditedImage(",^metadata_csum,^64bit,^uninit_bg,inline_data")
  }
  /// ext2, with block maps.
  static let mapped = Result { try EditedImage("", type: "ext2") }

  static let superblock = 1024
  /// The only group's descriptor, in block 2.
  static let descriptor = 2048

  var bytes: [UInt8]

  init(_ features: String, type: String = "ext4") throws {
    bytes = try TestImage("ext4-small", features, type).bytes()
  }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// The number of the inode at `path`, which is found before any damage.
  func inode(_ path: ByteString) throws -> UInt32 {
    try PathWalk.resolve(path, in: try open(), followingLastLink: false).node.inode
  }

  /// Where the inode is in the image.
  func offset(ofInode number: UInt32) -> Int {
    let size = Int(u32(Self.superblock + 0x58) & 0xffff)
    return Int(u32(Self.descriptor + 8)) * 1024 + Int(number - 1) * (size == 0 ? 128 : size)
  }

  /// Where a block of a file is in the image.
  func offset(ofBlock index: UInt64, in path: ByteString) throws -> Int {
    let system = try open()
    let inode = try system.inode(try inode(path))
    var position = index * 1024
    for extent in try system.extents(of: inode) {
      if position >= extent.byteCount {
        position -= extent.byteCount
        continue
      }
      if case .run(let start, _) = extent { return Int(start + position) }
    }
    throw EditFailure(what: "block \(index) of a file is a hole")
  }

  func u32(_ offset: Int) -> UInt32 { ByteView(bytes).u32(at: offset) ?? 0 }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) {
      bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
    }
  }
}

struct EditFailure: Error {
  let what: String
}
