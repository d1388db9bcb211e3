// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Foundation

/// A raw disk image or a block device of the host, read only.
final class ImageFile: BlockDevice {
  let name: ByteString
  let byteCount: UInt64
  let sectorByteCount = 512
  private let handle: FileHandle

  /// Opens the file; nil if it can't be read.
  init?(path: String, name: ByteString) {
    guard let handle = FileHandle(forReadingAtPath: path), let size = try? handle.seekToEnd() else {
      return nil
    }
    self.handle = handle
    self.name = name
    byteCount = size
  }

  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    do {
      try handle.seek(toOffset: byteOffset)
      let bytes = [UInt8](try handle.read(upToCount: count) ?? Data())
      if bytes.count == count { return bytes }
    } catch {}
    throw .readFailed(sector: byteOffset / UInt64(sectorByteCount))
  }
}
