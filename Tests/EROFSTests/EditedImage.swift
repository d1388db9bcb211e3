// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import EROFS

/// A small image in memory, to be damaged field by field. The checksum is made right again.
struct EditedImage {
  typealias System = EROFSFileSystem<MemoryDevice>

  /// Not packed, ends after the inodes.
  static let plain = Result { try EditedImage("-Enoinline_data") }
  static let inline = Result { try EditedImage() }
  /// In chunks, with indexes.
  static let chunks = Result { try EditedImage("--chunksize=4096", "-Eforce-chunk-indexes") }
  /// Packed, with a list of small size.
  static let compact = Result { try EditedImage("-zlz4", "-C16384", "-Eztailpacking") }
  /// Packed, with a list of full size.
  static let full = Result { try EditedImage("-zlz4", "-Elegacy-compress", "-C16384") }

  static let superblock = 1024

  var bytes: [UInt8]

  init(_ options: String...) throws {
    bytes = try TestImage("erofs", arguments: ["small"] + options).bytes()
  }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// Where the inode of `path` is, and its number.
  func inode(_ path: ByteString) throws -> (offset: Int, number: UInt64) {
    let system = try open()
    let number = try PathWalk.resolve(path, in: system, followingLastLink: false).node.number
    // Packed metadata are in blocks here.
    let base = try system.superblock.metaboxInode.map { try system.inode($0).block << 12 }
    if let base, number >> 63 == 1 { return (Int(base + 32 * (number ^ 1 << 63)), number) }
    return (Int(system.superblock.metadataByteOffset + 32 * number), number)
  }

  /// Where what is after the inode and its attributes begins.
  func end(_ path: ByteString) throws -> Int {
    let system = try open()
    return Int(try system.inode(try inode(path).number).end)
  }

  /// Where the first block of a directory, or of a plain file, is.
  func firstBlock(_ path: ByteString) throws -> Int {
    let system = try open()
    let extents = try system.contents(of: try system.inode(try inode(path).number))
    guard case .run(let offset, _) = extents.first else { throw EditFailure(what: "no run") }
    return Int(offset)
  }

  func u16(_ offset: Int) -> UInt16 { ByteView(bytes).u16(at: offset) ?? 0 }
  func u32(_ offset: Int) -> UInt32 { ByteView(bytes).u32(at: offset) ?? 0 }

  /// Puts a number at `offset`; in the superblock the checksum follows.
  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      bytes.replaceSubrange(offset..<offset + raw.count, with: raw)
    }
    if offset < 4096 { MadeImage.seal(&bytes) }
  }

  /// The error of `body` on this image.
  func error<Value>(_ body: (System) throws -> Value) -> EROFSError? {
    ReaderError.of(EROFSError.self) { try body(try open()) }
  }

  /// The error of opening.
  var openingError: EROFSError? { error { $0 } }

  /// The error of walking to `path` and finding out where what it holds is.
  func error(at path: ByteString) -> EROFSError? {
    error { system in try ReaderError.look(at: path, in: system) }
  }
}

struct EditFailure: Error {
  let what: String
}
