// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A disk, or a file that stands for one. A reference: all readers of a disk share its cache.
public protocol BlockDevice: AnyObject {
  /// The name that an administrator knows: `xvda`, or a file's name.
  var name: ByteString { get }

  /// The size in bytes.
  var byteCount: UInt64 { get }

  /// The logical sector size in bytes: 512, 2048 (optical drives) or 4096.
  var sectorByteCount: Int { get }

  /// What pays for the work that is done for what is on it; one for all disks of a guest.
  var work: WorkAccount { get }

  /// Reads exactly `byteCount` bytes at `byteOffset`, or throws. Any offset and count inside the
  /// device will do; the device sees to sectors and to caching. For metadata: data of files goes by
  /// extents.
  func read(at byteOffset: UInt64, count byteCount: Int) throws(BlockError) -> [UInt8]

  /// The same, from the disk itself and never from a cache.
  func readAgain(at byteOffset: UInt64, count byteCount: Int) throws(BlockError) -> [UInt8]

  /// Whether `write` can succeed.
  var isWritable: Bool { get }

  /// Puts bytes at `byteOffset`, both multiples of the sector size, and waits until they are on the
  /// disk for good; throws `BlockError.readOnly` unless `isWritable`.
  func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError)
}

/// A device without a cache that can't be written, and for which nobody counts work.
extension BlockDevice {
  /// A new one without a limit.
  public var work: WorkAccount { WorkAccount() }
  /// What `read` gives.
  public func readAgain(
    at byteOffset: UInt64, count byteCount: Int
  ) throws(BlockError) -> [UInt8] {
    try read(at: byteOffset, count: byteCount)
  }
  /// Never.
  public var isWritable: Bool { false }
  /// Always throws.
  public func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) { throw .readOnly }
}
