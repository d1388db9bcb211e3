// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import FAT

/// A small image in memory, to be damaged field by field.
struct EditedImage {
  typealias System = FATFileSystem<MemoryDevice>

  static let fat12 = Result { try EditedImage("small12") }
  static let fat16 = Result { try EditedImage("small16") }
  static let fat32 = Result { try EditedImage("small32") }

  var bytes: [UInt8]

  init(_ variant: String) throws { bytes = try TestImage("fat", variant).bytes() }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// Where the entry of the table for `cluster` is.
  func tableEntry(_ cluster: UInt32) throws -> Int {
    let sector = try open().bootSector
    let index = Int(cluster)
    let offset: Int =
      switch sector.kind {
      case .fat12: index + index / 2
      case .fat16: 2 * index
      case .fat32: 4 * index
      }
    return Int(sector.tableByteOffset) + offset
  }

  /// The first cluster of the file at `path`.
  func cluster(_ path: ByteString) throws -> UInt32 {
    try PathWalk.resolve(path, in: try open()).node.firstCluster
  }

  /// Where the short entry with these eleven characters is.
  func entry(_ name: ByteString) throws -> Int {
    for offset in stride(from: 0, to: min(bytes.count, 1 << 20), by: 32)
    where bytes[offset..<offset + 11].elementsEqual(name.bytes) && bytes[offset + 11] & 0x08 == 0 {
      return offset
    }
    throw EditFailure(what: "no entry \(name.text)")
  }

  /// Makes the entry of `cluster` lead to `next`, for FAT16 and FAT32.
  mutating func link(_ cluster: UInt32, to next: UInt32) throws {
    let offset = try tableEntry(cluster)
    let count = try open().bootSector.kind == .fat32 ? 4 : 2
    put(next, byteCount: count, at: offset)
  }

  mutating func put(_ value: UInt32, byteCount: Int, at offset: Int) {
    for index in 0..<byteCount {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  /// The error of `body` on this image.
  func error<Value>(_ body: (System) throws -> Value) -> FATError? {
    ReaderError.of(FATError.self) { try body(try open()) }
  }

  /// The error of walking to `path` and listing its extents or entries.
  func error(at path: ByteString) -> FATError? {
    error { system in
      let target = try PathWalk.resolve(path, in: system)
      if target.attributes.kind == .directory {
        _ = try system.entries(of: target.node)
      } else {
        _ = try system.extents(of: target.node)
      }
    }
  }
}

struct EditFailure: Error {
  let what: String
}
