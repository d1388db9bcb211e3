// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A disk whose contents are bytes in memory.
public final class MemoryDevice: BlockDevice {
  /// The name given to it.
  public let name: ByteString

  /// The sector size given to it.
  public let sectorByteCount: Int

  /// The contents. They may be edited, and may change in size.
  public var bytes: [UInt8]

  /// Whether it may be written.
  public var isWritable = false

  /// A disk that holds `bytes`.
  public init(name: ByteString, bytes: [UInt8], sectorByteCount: Int = 512) {
    self.name = name
    self.bytes = bytes
    self.sectorByteCount = sectorByteCount
  }

  /// The number of bytes it holds.
  public var byteCount: UInt64 { UInt64(bytes.count) }

  /// A copy of a part of the contents.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    let start = Int(byteOffset)  // At most bytes.count, which is an Int.
    return Array(bytes[start..<start + count])
  }

  /// Replaces a part of the contents.
  public func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {
    guard isWritable else { throw .readOnly }
    try checkRange(at: byteOffset, count: bytes.count)
    let start = Int(byteOffset)  // At most bytes.count, which is an Int.
    self.bytes.replaceSubrange(start..<start + bytes.count, with: bytes)
  }
}
