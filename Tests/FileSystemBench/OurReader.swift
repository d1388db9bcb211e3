// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Ext4
import FileSystem
import Glibc

/// This project's reader: metadata through the cache, contents by extents.
final class OurReader: BenchReader {
  private let device: CountingFile
  private let system: Ext4FileSystem<CachedDevice<CountingFile>>
  private static let bufferByteCount = 1 << 20

  init?(_ path: String) {
    guard let device = CountingFile(path),
      let system = try? Ext4FileSystem<CachedDevice<CountingFile>>.probe(
        Volume(whole: CachedDevice(device)))
    else { return nil }
    self.device = device
    self.system = system
  }

  func read(_ path: ByteString) throws -> BenchResult {
    let target = try PathWalk.resolve(path, in: system)
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.bufferByteCount, alignment: 4096)
    defer { buffer.deallocate() }
    var result = BenchResult(fileCount: 1)
    var filled = 0
    for var extent in try system.extents(of: target.node) {
      while true {
        let (head, tail) = extent.split(at: UInt64(buffer.count - filled))
        let count = Int(head.byteCount)
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count])
        switch head {
        case .run(let offset, _): device.read(at: offset, into: room)
        case .zeros: room.initializeMemory(as: UInt8.self, repeating: 0)
        case .inline(let bytes): room.copyBytes(from: bytes)
        case .encoded: preconditionFailure("ext4 packs nothing")
        }
        filled += count
        if filled == buffer.count {
          result.add(UnsafeRawBufferPointer(buffer))
          filled = 0
        }
        guard let tail else { break }
        extent = tail
      }
    }
    result.add(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
    result.requestCount = device.requestCount
    return result
  }

  func walk() throws -> BenchResult {
    var result = BenchResult()
    var pending = [try system.root()]
    while let directory = pending.popLast() {
      var failure: Ext4Error?
      try system.visitEntries(of: directory) { _, node in
        do throws(Ext4Error) {
          let attributes = try system.attributes(of: node)
          if attributes.kind == .directory { pending.append(node) }
          result.add(inode: node.inode, byteCount: attributes.byteCount)
        } catch { failure = error }
        return failure == nil
      }
      if let failure { throw failure }
    }
    result.requestCount = device.requestCount
    return result
  }
}

/// An image in a file that counts what is asked of it.
final class CountingFile: BlockDevice {
  let name: ByteString = "image"
  let byteCount: UInt64
  let sectorByteCount = 512
  private(set) var requestCount = 0
  private let descriptor: Int32

  init?(_ path: String) {
    descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    byteCount = UInt64(max(0, lseek(descriptor, 0, SEEK_END)))
  }

  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      read(at: byteOffset, into: UnsafeMutableRawBufferPointer(buffer))
      done = count
    }
  }

  /// Fills `room`; ends the program if the file does not go that far.
  func read(at byteOffset: UInt64, into room: UnsafeMutableRawBufferPointer) {
    requestCount += 1
    let done = pread(descriptor, room.baseAddress, room.count, off_t(byteOffset))
    precondition(done == room.count, "a read beyond the image")
  }
}
