// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import Glibc

/// A disk image in a file.
public final class FileDevice: BlockDevice {
  /// The name given to it.
  public let name: ByteString

  /// The size of the file.
  public let byteCount: UInt64

  /// The sector size given to it.
  public let sectorByteCount: Int

  private let descriptor: Int32

  /// Opens the image; nil if that fails.
  public init?(path: String, name: ByteString = "xvda", sectorByteCount: Int = 512) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    self.name = name
    self.sectorByteCount = sectorByteCount
    byteCount = UInt64(max(0, lseek(descriptor, 0, SEEK_END)))
  }

  deinit { close(descriptor) }

  /// Reads from the file.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      done = max(0, pread(descriptor, buffer.baseAddress, count, off_t(byteOffset)))
    }
    guard bytes.count == count else {
      throw .readFailed(sector: byteOffset / UInt64(sectorByteCount))
    }
    return bytes
  }
}
