// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// An extent of sectors (ECMA-167, 3/7.1).
struct SectorExtent: Equatable {
  let byteCount: UInt32
  let sector: UInt32

  init?(_ view: ByteView, at offset: Int) {
    guard let length = view.u32(at: offset), let place = view.u32(at: offset + 4) else {
      return nil
    }
    byteCount = length
    sector = place
  }
}

/// The descriptor that leads to all others (ECMA-167, 3/10.2).
struct Anchor {
  let main: SectorExtent
  let reserve: SectorExtent

  /// The first anchor that is good, and the size of a sector with which it is in its place: at
  /// sector 256, in the last one or 256 before it; 512 where a disk was not finished.
  static func find<Device: BlockDevice>(
    _ volume: Volume<Device>
  ) throws(UDFError) -> (sectorByteCount: UInt64, Anchor) {
    for isAtEnd in [false, true] {
      for size in UDFLimits.sectorByteCounts where size >= UInt64(volume.sectorByteCount) {
        let count = volume.byteCount / size
        let sectors =
          isAtEnd ? [count &- 1, count &- 257, 512] : [256]
        for sector in sectors where sector < count && sector > 0 {
          if let anchor = try anchor(sector, size, on: volume) { return (size, anchor) }
        }
      }
    }
    throw .noAnchor
  }

  private static func anchor<Device: BlockDevice>(
    _ sector: UInt64, _ size: UInt64, on volume: Volume<Device>
  ) throws(UDFError) -> Anchor? {
    let bytes: [UInt8]
    do { bytes = try volume.read(at: sector * size, count: 512) } catch { throw .device(error) }
    let view = ByteView(bytes)
    guard view.u16(at: 0) == DescriptorTag.anchor, let location = UInt32(exactly: sector),
      (try? DescriptorTag.check(view, at: .sector(sector), location: location)) != nil,
      let main = SectorExtent(view, at: 16), let reserve = SectorExtent(view, at: 24)
    else { return nil }
    return Anchor(main: main, reserve: reserve)
  }

  /// The bytes of a sector.
  static func sector<Device: BlockDevice>(
    _ sector: UInt64, _ size: UInt64, of volume: Volume<Device>
  ) throws(UDFError) -> ByteView {
    guard sector < volume.byteCount / size else {
      throw .outOfRange(.sector(sector), block: sector)
    }
    do throws(BlockError) {
      try volume.work.pay(.copiedBytes, UDFLimits.costOfChecksum * Int(size))
      return ByteView(try volume.read(at: sector * size, count: Int(size)))
    } catch { throw .device(error) }
  }
}
