// SPDX-License-Identifier: GPL-2.0-or-later

extension BlockDevice {
  /// Throws `BlockError.outOfRange` unless all of the range is on the device.
  public func checkRange(at byteOffset: UInt64, count: Int) throws(BlockError) {
    guard count >= 0, byteOffset <= byteCount, UInt64(count) <= byteCount - byteOffset else {
      throw .outOfRange(
        byteOffset: byteOffset, byteCount: UInt64(max(0, count)), deviceByteCount: byteCount)
    }
  }
}
