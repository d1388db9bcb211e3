// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import XFS

/// The small image in memory, to be damaged field by field.
struct EditedImage {
  typealias System = XFSFileSystem<MemoryDevice>

  /// What a checksum is over, and where it is in that.
  enum Structure: CaseIterable {
    case superblock, inode, map, directory, index, link

    var byteCount: Int {
      switch self {
      case .superblock, .inode: 512
      case .map, .directory, .index, .link: 4096
      }
    }

    var field: Int {
      switch self {
      case .superblock: 224
      case .inode: 100
      case .map: 64
      case .directory: 4
      case .index, .link: 12
      }
    }
  }

  /// Version 4: no checksums, so that damaged fields are seen themselves.
  static let plain = Result { try EditedImage("-m", "crc=0", "-i", "size=512", "-n", "ftype=1") }
  /// Version 5.
  static let checked = Result { try EditedImage("-m", "rmapbt=1", "-i", "nrext64=1") }

  static let many = "an-entry-with-quite-a-long-name-000123"

  var bytes: [UInt8]
  let hasChecksums: Bool

  init(_ options: String...) throws {
    let image = try TestImage("xfs", arguments: ["small", "16M"] + options)
    bytes = try image.bytes()
    hasChecksums = !options.contains("crc=0")
    if hasChecksums { try addLinkHeader() }
  }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// The inode's number at `path`, which is found before any damage.
  func inode(_ path: ByteString) throws -> UInt64 {
    try PathWalk.resolve(path, in: try open(), followingLastLink: false).node.inode
  }

  /// Where the inode at `path` is in the image.
  func offset(_ path: ByteString) throws -> Int {
    Int(try open().superblock.byteOffset(ofInode: try inode(path)))
  }

  /// Where the data fork at `path` is in the image.
  func fork(_ path: ByteString) throws -> Int { try offset(path) + (hasChecksums ? 176 : 100) }

  /// Where a block of a file is in the image.
  func offset(ofBlock fileBlock: UInt64, in path: ByteString) throws -> Int {
    let system = try open()
    var cursor = try ExtentCursor(try system.inode(try inode(path)), in: system, from: fileBlock)
    guard let record = try cursor.next(), record.contains(fileBlock) else {
      throw EditFailure(what: "block \(fileBlock) of a file is a hole")
    }
    return Int(
      system.superblock.byteOffset(ofBlock: record.block + fileBlock - record.fileBlock))
  }

  /// Where a block of the index of a directory is, counted from the index's start.
  func offset(ofIndexBlock index: UInt64, in path: ByteString) throws -> Int {
    try offset(ofBlock: 1 << 35 / 4096 + index, in: path)
  }

  func u16(_ offset: Int) -> UInt16 { ByteView(bytes).u16BigEndian(at: offset) ?? 0 }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.bigEndian) {
      bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
    }
  }

  /// Makes the checksum of a structure at `offset` right again.
  mutating func seal(_ structure: Structure, at offset: Int) {
    guard hasChecksums else { return }
    Self.seal(structure, at: offset, in: &bytes)
  }

  static func seal(_ structure: Structure, at offset: Int, in bytes: inout [UInt8]) {
    let field = offset + structure.field
    for index in field..<field + 4 { bytes[index] = 0 }
    let sum = CRC32.castagnoli.checksum(Array(bytes[offset..<offset + structure.byteCount]))
    withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(field..<field + 4, with: $0) }
  }

  /// Begins a block of version 5 that belongs to `path`.
  mutating func putHeader(
    _ header: BlockHeader, magic: UInt32, at offset: Int, inode: UInt64
  ) {
    put(magic, at: offset)
    put(UInt64(offset / 512), at: offset + header.place)
    bytes.replaceSubrange(offset + header.uuid..<offset + header.uuid + 16, with: bytes[32..<48])
    put(inode, at: offset + header.owner)
  }

  /// mkfs.xfs of Debian 12 leaves the header of a link out, as no kernel takes it.
  private mutating func addLinkHeader() throws {
    let offset = try offset(ofBlock: 0, in: "/link-1000")
    let target = Array(bytes[offset..<offset + 1000])
    bytes.replaceSubrange(offset..<offset + 4096, with: [UInt8](repeating: 0, count: 4096))
    putHeader(.link, magic: 0x5853_4c4d, at: offset, inode: try inode("/link-1000"))
    put(UInt32(1000), at: offset + 8)
    bytes.replaceSubrange(offset + 56..<offset + 1056, with: target)
    seal(.link, at: offset)
  }
}

struct EditFailure: Error {
  let what: String
}
