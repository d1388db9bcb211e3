// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The volume descriptors that count, found by a bounded walk from sector 16 on (ECMA-119, 8.1).
struct VolumeDescriptorSet {
  /// Where the descriptors begin.
  static let firstSector: UInt64 = 16

  /// The first primary descriptor.
  private(set) var primary: VolumeDescriptor
  /// The Joliet descriptor of the highest level.
  private(set) var joliet: VolumeDescriptor?
  /// The sector of El Torito's boot catalogue.
  private(set) var bootCatalogueSector: UInt32?
  /// Whether the volume has UDF too.
  private(set) var hasUDF = false

  /// Nil if the volume has nothing of an optical disk. Throws if it has, but no ISO 9660 that can
  /// be read.
  init?<Device: BlockDevice>(on volume: Volume<Device>) throws(ISO9660Error) {
    var found = Finding()
    var sector = Self.firstSector
    walk: while sector < Self.firstSector + UInt64(ISO9660Limits.descriptorCount) {
      guard let view = try Self.sector(sector, of: volume) else { break }
      guard view.string(at: 1, count: 5) == "CD001" else {
        if sector == Self.firstSector, view.string(at: 9, count: 5) == "CDROM" {
          throw .unsupportedFormat("High Sierra, the format before ISO 9660,")
        }
        break
      }
      sector += 1
      switch view.u8(at: 0) {
      case 255: break walk
      case .some(let type): try found.take(view, type: type, sector: sector - 1)
      case nil: break walk
      }
    }
    hasUDF = try Self.hasUDF(from: sector, on: volume)
    guard let primary = found.primary else {
      if found.isISO9660 { throw .noPrimaryDescriptor }
      if hasUDF { throw .unsupportedFormat("UDF without ISO 9660") }
      return nil
    }
    self.primary = primary
    joliet = found.joliet
    bootCatalogueSector = found.bootCatalogueSector
  }

  /// What the walk has met.
  private struct Finding {
    var isISO9660 = false
    var primary: VolumeDescriptor?
    var joliet: VolumeDescriptor?
    var bootCatalogueSector: UInt32?

    mutating func take(_ view: ByteView, type: UInt8, sector: UInt64) throws(ISO9660Error) {
      isISO9660 = true
      switch type {
      case 0:
        if bootCatalogueSector == nil,
          view.terminatedString(at: 7, count: 32) == "EL TORITO SPECIFICATION"
        {
          bootCatalogueSector = view.u32(at: 0x47)
        }
      case 1:
        if primary == nil { primary = try VolumeDescriptor(view, sector: sector) }
      case 2:
        // What is wrong with the second-best tree does not matter if the first is good.
        guard let descriptor = try? VolumeDescriptor(view, sector: sector),
          let level = descriptor.jolietLevel, level > joliet?.jolietLevel ?? 0
        else { return }
        joliet = descriptor
      default: break  // Partitions, and what is reserved.
      }
    }
  }

  /// Whether the descriptors of ECMA-167 follow, which announce UDF by `NSR02` or `NSR03`.
  private static func hasUDF<Device: BlockDevice>(
    from start: UInt64, on volume: Volume<Device>
  ) throws(ISO9660Error) -> Bool {
    for sector in start..<start + UInt64(ISO9660Limits.udfSectorCount) {
      guard let view = try Self.sector(sector, of: volume) else { return false }
      switch view.string(at: 1, count: 5) {
      case "NSR02", "NSR03": return true
      case "BEA01", "BOOT2", "CD001", "CDW02": continue
      default: return false
      }
    }
    return false
  }

  private static func sector<Device: BlockDevice>(
    _ sector: UInt64, of volume: Volume<Device>
  ) throws(ISO9660Error) -> ByteView? {
    let count = VolumeDescriptor.byteCount
    guard (sector + 1) * UInt64(count) <= volume.byteCount else { return nil }
    do { return ByteView(try volume.read(at: sector * UInt64(count), count: count)) } catch {
      throw .device(error)
    }
  }
}
