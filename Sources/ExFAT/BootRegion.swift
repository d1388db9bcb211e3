// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The boot sector of the first region whose checksum is right. A volume has two of twelve sectors
/// each, of which the last one holds nothing but the checksum of the others (section 3.4).
struct BootRegion {
  private static var sectorCount: UInt64 { 12 }

  let sector: BootSector
  /// Whether the first region is damaged, and this is from the second.
  let isBackup: Bool

  /// `view` is the first sector's front, which is named exFAT.
  init<Device: BlockDevice>(_ view: ByteView, on volume: Volume<Device>) throws(ExFATError) {
    do throws(ExFATError) {
      let first = try BootSector(view)
      try Self.check(first.sectorShift, region: 0, on: volume)
      sector = first
      isBackup = false
    } catch {
      if case .device = error { throw error }
      guard let second = try Self.backup(on: volume) else { throw error }
      sector = second
      isBackup = true
    }
  }

  /// The boot sector of the second region; nil if that is damaged too.
  private static func backup<Device: BlockDevice>(
    on volume: Volume<Device>
  ) throws(ExFATError) -> BootSector? {
    // How large a sector is may be what is damaged.
    for shift: UInt64 in 9...12 {
      do throws(ExFATError) {
        let start = sectorCount << shift
        guard volume.byteCount >= start + UInt64(BootSector.byteCount) else { break }
        let copy = try read(start, BootSector.byteCount, on: volume)
        guard BootSector.isNamed(in: copy) else { continue }
        let sector = try BootSector(copy)
        guard sector.sectorShift == shift else { continue }
        try check(shift, region: 1, on: volume)
        return sector
      } catch {
        if case .device = error { throw error }
      }
    }
    return nil
  }

  @inline(never)
  private static func check<Device: BlockDevice>(
    _ shift: UInt64, region: UInt64, on volume: Volume<Device>
  ) throws(ExFATError) {
    let size = sectorCount << shift
    let start = region * size
    guard volume.byteCount >= start + size else {
      throw .badBootSector(field: "sector size's exponent", value: shift)
    }
    let bytes = try read(start, Int(size), on: volume)
    let covered = Int(size) - 1 << Int(shift)
    let stored = bytes.u32(at: covered) ?? 0
    let computed = BootSector.checksum(Array(bytes.bytes[..<covered]))
    guard ChecksumRule.matches(stored, computed) else {
      throw .wrongChecksum(stored: stored, computed: computed)
    }
  }

  @inline(never)
  private static func read<Device: BlockDevice>(
    _ offset: UInt64, _ count: Int, on volume: Volume<Device>
  ) throws(ExFATError) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch {
      throw .device(error)
    }
  }
}
