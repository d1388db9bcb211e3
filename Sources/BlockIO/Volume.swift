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
    try check(offset, count)
    return try device.read(at: byteOffset + offset, count: count)
  }

  /// Reads exactly `count` bytes at `offset` from the disk itself, past every cache.
  public func readAgain(at offset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try check(offset, count)
    return try device.readAgain(at: byteOffset + offset, count: count)
  }

  /// Puts bytes at `offset`. Where they do not fill sectors, the rest of these is read and written
  /// again as it is; none of it leaves the volume.
  public func write(_ bytes: [UInt8], at offset: UInt64) throws(BlockError) {
    try check(offset, bytes.count)
    let sector = UInt64(device.sectorByteCount)
    let start = byteOffset + offset
    let end = start + UInt64(bytes.count)
    let first = start - start % sector
    guard let last = Checked.roundedUp(end, toMultipleOf: sector), first >= byteOffset,
      last - byteOffset <= byteCount
    else { throw .outOfRange(byteOffset: offset, byteCount: 1, deviceByteCount: byteCount) }
    var whole = try device.readAgain(at: first, count: Int(last - first))
    guard whole.count == Int(last - first) else {
      throw .protocolViolation("a read of another length")
    }
    let skipped = Int(start - first)
    whole.replaceSubrange(skipped..<skipped + bytes.count, with: bytes)
    try device.write(whole, at: first)
  }

  private func check(_ offset: UInt64, _ count: Int) throws(BlockError) {
    guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
      throw .outOfRange(
        byteOffset: offset, byteCount: UInt64(max(0, count)), deviceByteCount: byteCount)
    }
  }
}
