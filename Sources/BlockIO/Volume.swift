// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A range of a device that holds one file system: a partition, or the whole device.
public struct Volume<Device: BlockDevice> {
  /// The device that the range is on.
  public let device: Device

  /// The name for people: `xvda1`, or the device's own.
  public let name: ByteString

  /// Where the range starts on the device, in bytes.
  public let byteOffset: UInt64

  /// The size of the range in bytes.
  public let byteCount: UInt64

  /// The whole of `device`.
  public init(whole device: Device) {
    self.device = device
    name = device.name
    byteOffset = 0
    byteCount = device.byteCount
  }

  /// A range of `device`; nil unless all of it is on the device.
  public init?(_ device: Device, name: ByteString, at byteOffset: UInt64, count byteCount: UInt64) {
    guard byteOffset <= device.byteCount, byteCount <= device.byteCount - byteOffset else {
      return nil
    }
    self.device = device
    self.name = name
    self.byteOffset = byteOffset
    self.byteCount = byteCount
  }

  /// Reads exactly `byteCount` bytes at `offset` of this volume, or throws.
  public func read(at offset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
      throw .outOfRange(
        byteOffset: offset, byteCount: UInt64(max(0, count)), deviceByteCount: byteCount)
    }
    return try device.read(at: byteOffset + offset, count: count)
  }
}
