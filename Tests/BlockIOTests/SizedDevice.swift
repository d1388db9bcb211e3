// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A disk of any size that nobody reads from.
final class SizedDevice: BlockDevice {
  let name: ByteString = "sized"
  let byteCount: UInt64
  let sectorByteCount: Int

  init(_ geometry: ReadPlan.DeviceGeometry) {
    byteCount = geometry.byteCount
    sectorByteCount = geometry.sectorByteCount
  }

  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    throw .readFailed(sector: byteOffset / UInt64(sectorByteCount))
  }
}
