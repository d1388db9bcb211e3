// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import SquashFS

/// A small image in memory, to be damaged field by field.
struct EditedImage {
  typealias System = SquashFSFileSystem<MemoryDevice>

  /// Metadata as they are, so that their fields can be edited; data packed, in blocks of 4 KiB.
  static let plain = Result { try EditedImage("-comp", "gzip", "-noI", "-b", "4K") }
  /// Nothing packed at all.
  static let unpacked = Result { try EditedImage("-noI", "-noD", "-noF", "-b", "4K") }
  /// All packed.
  static let packed = Result { try EditedImage("-comp", "gzip", "-b", "4K") }

  var bytes: [UInt8]

  init(_ options: String...) throws {
    bytes = try TestImage("squashfs", arguments: ["small"] + options).bytes()
  }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// Where the inode of `path` is in an image whose metadata are not packed, and what it is called
  /// in messages.
  func inode(_ path: ByteString) throws -> (offset: Int, place: SquashFSStructure) {
    let system = try open()
    let node = try PathWalk.resolve(path, in: system, followingLastLink: false).node
    let block = Int(system.superblock.inodeTable + node.reference.block)
    return (block + 2 + Int(node.reference.offset), system.place(of: node))
  }

  /// The place of a directory's names in messages.
  func names(_ path: ByteString) throws -> SquashFSStructure {
    guard case .inode(let block, let offset) = try inode(path).place else {
      throw EditFailure(what: "place")
    }
    return .directory(block: block, offset: offset)
  }

  /// Where the names of the directory at `path` are.
  func listing(_ path: ByteString) throws -> Int {
    let offset = try inode(path).offset
    let isExtended = u16(offset) == 8
    let block = u32(offset + (isExtended ? 24 : 16))
    let start = u16(offset + (isExtended ? 34 : 26))
    return Int(u64(72)) + Int(block) + 2 + Int(start)
  }

  /// Where the block of metadata with the root's inode is.
  var rootBlock: UInt64 { u64(64) + u64(32) >> 16 }

  func u16(_ offset: Int) -> UInt16 { ByteView(bytes).u16(at: offset) ?? 0 }
  func u32(_ offset: Int) -> UInt32 { ByteView(bytes).u32(at: offset) ?? 0 }
  func u64(_ offset: Int) -> UInt64 { ByteView(bytes).u64(at: offset) ?? 0 }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      bytes.replaceSubrange(offset..<offset + raw.count, with: raw)
    }
  }

  /// The error of `body` on this image.
  func error<Value>(_ body: (System) throws -> Value) -> SquashFSError? {
    ReaderError.of(SquashFSError.self) { try body(try open()) }
  }

  /// The error of opening.
  var openingError: SquashFSError? { error { $0 } }

  /// The error of walking to `path` and finding out where what it holds is.
  func error(at path: ByteString) -> SquashFSError? {
    error { system in try ReaderError.look(at: path, in: system) }
  }
}

struct EditFailure: Error {
  let what: String
}
