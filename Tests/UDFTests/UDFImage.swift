// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import UDF

/// An image of `testimages/udf.sh` and the files that it was made of.
struct UDFImage {
  typealias System = UDFFileSystem<MemoryDevice>

  /// An image that was made, which nobody changes.
  private struct Made: @unchecked Sendable {
    let words: [String]
    let image: UDFImage
  }

  private static let made = Mutex<[Made]>([])

  var bytes: [UInt8]
  let files: FileTree
  let test: TestImage
  /// The words for `udf.py`.
  let keys: [String]

  /// Runs the recipe with words behind the image; each is made once.
  static func make(_ words: String) throws -> UDFImage {
    let words = words.split(separator: " ").map { String($0) }
    if let known = made.withLock({ $0.first { $0.words == words } }) { return known.image }
    let test = try TestImage("udf", arguments: words)
    let image = UDFImage(
      bytes: try test.bytes(), files: try FileTree(directory: test.path + ".d"), test: test,
      keys: Array(words.dropFirst()))
    let result = Made(words: words, image: image)
    made.withLock { $0.append(result) }
    return image
  }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  /// The file entry of a path: its byte on the volume, and what was read of it.
  func entry(_ path: ByteString) throws -> Int {
    let system = try open()
    let node = try PathWalk.resolve(path, in: system, followingLastLink: false).node
    return try byteOffset(of: node.address, in: system)
  }

  /// Where a block is on the volume.
  func byteOffset(of address: BlockAddress, in system: System) throws -> Int {
    let run = try #require(try system.partitions.runs(address, count: 1).first)
    return Int(run.sector * system.partitions.blockByteCount)
  }

  /// Puts a little-endian number into the image.
  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) {
      bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
    }
  }

  /// Makes the checksums of the descriptor at `offset` right again.
  mutating func seal(_ offset: Int) {
    guard offset + 16 <= bytes.count else { return }
    let view = ByteView(Array(bytes[offset..<min(offset + 65536, bytes.count)]))
    let count = Int(view.u16(at: 10) ?? 0)
    if let covered = view.slice(at: 16, count: count) {
      put(DescriptorTag.checksum(covered), at: offset + 8)
    }
    bytes[offset + 4] = 0
    bytes[offset + 4] = bytes[offset..<offset + 16].reduce(0, &+)
  }

  /// What opening the image, and a walk over all of it, throws.
  func failure() -> UDFError? {
    do throws(UDFError) {
      let system = try System.open(volume)
      var pending = [try system.root()]
      while let node = pending.popLast() {
        let attributes = try system.attributes(of: node)
        switch attributes.kind {
        case .directory: pending += try system.entries(of: node).map { $0.node }
        case .file: _ = try system.extents(of: node)
        case .symbolicLink: _ = try system.linkTarget(of: node)
        case .special: break
        }
      }
      return nil
    } catch { return error }
  }
}
