// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import ISO9660

/// A small image in memory, to be damaged field by field.
struct EditedImage {
  typealias System = ISO9660FileSystem<MemoryDevice>

  /// Rock Ridge, Joliet, El Torito, relocated directories.
  static let rockRidge = Result { try EditedImage("small") }
  /// ISO 9660's own names and nothing else.
  static let plain = Result { try EditedImage("small-plain") }
  /// With a Joliet tree, and no Rock Ridge.
  static let joliet = Result { try EditedImage("small-joliet") }

  /// With a file in zisofs, version 1, and one in version 2.
  static let zisofs = Result { try EditedImage("small-zisofs") }
  static let zisofs2 = Result { try EditedImage("small-zisofs2") }

  /// Where the primary descriptor is.
  static let primary = 16 * 2048

  var bytes: [UInt8]

  init(_ variant: String) throws { bytes = try TestImage("iso9660", variant).bytes() }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// Where the record of `path` is, found before any damage.
  func record(_ path: ByteString) throws -> Int {
    try record(of: PathWalk.resolve(path, in: try open(), followingLastLink: false).node)
  }

  /// Where the record of the first name in `directory` that begins with `prefix` is.
  func record(_ prefix: ByteString, in directory: ByteString) throws -> Int {
    let system = try open()
    let target = try PathWalk.resolve(directory, in: system)
    for entry in try system.entries(of: target.node) where entry.name.hasPrefix(prefix) {
      return try record(of: entry.node)
    }
    throw EditFailure(what: "no name with \(prefix.text)")
  }

  private func record(of node: ISO9660Node) throws -> Int {
    guard case .record(let offset) = node.record.place else { throw EditFailure(what: "place") }
    return Int(offset)
  }

  /// Where the first entry with two letters is that `record` has, in the record or after it.
  func entry(_ letters: ByteString, of record: Int) throws -> Int {
    var start = record + 33 + Int(bytes[record + 32])
    if bytes[record + 32] % 2 == 0 { start += 1 }
    var end = record + Int(bytes[record])
    for _ in 0..<10 {
      var next: (Int, Int)?
      while start + 4 <= end, bytes[start + 2] >= 4 {
        if bytes[start...].starts(with: letters.bytes) { return start }
        if bytes[start...].starts(with: [0x43, 0x45]) {
          next = (Int(u32(start + 4)) * 2048 + Int(u32(start + 12)), Int(u32(start + 20)))
        }
        start += Int(bytes[start + 2])
      }
      guard let (offset, count) = next else { break }
      (start, end) = (offset, offset + count)
    }
    throw EditFailure(what: "no entry \(letters.text)")
  }

  func u32(_ offset: Int) -> UInt32 { ByteView(bytes).u32(at: offset) ?? 0 }

  /// Puts a number in both orders of bytes.
  mutating func putBoth(_ value: UInt32, at offset: Int) {
    for index in 0..<4 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      bytes[offset + 7 - index] = bytes[offset + index]
    }
  }

  /// The error of `body` on this image.
  func error<Value>(_ body: (System) throws -> Value) -> ISO9660Error? {
    ReaderError.of(ISO9660Error.self) { try body(try open()) }
  }

  /// The error of walking to `path` and listing its extents.
  func error(at path: ByteString) -> ISO9660Error? {
    error { system in try ReaderError.look(at: path, in: system) }
  }
}

struct EditFailure: Error {
  let what: String
}
