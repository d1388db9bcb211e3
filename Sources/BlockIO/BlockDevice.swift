// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A disk, or a file that stands for one. A reference: all readers of a disk share its cache.
public protocol BlockDevice: AnyObject {
  /// The name that an administrator knows: `xvda`, or a file's name.
  var name: ByteString { get }

  /// The size in bytes.
  var byteCount: UInt64 { get }

  /// The logical sector size in bytes: 512 or 4096.
  var sectorByteCount: Int { get }

  /// Reads exactly `byteCount` bytes at `byteOffset`, or throws. Any offset and count inside the
  /// device will do; the device sees to sectors and to caching. For metadata: data of files goes by
  /// extents.
  func read(at byteOffset: UInt64, count byteCount: Int) throws(BlockError) -> [UInt8]
}
