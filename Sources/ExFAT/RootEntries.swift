// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// What only the root directory has: the label and the place of the table of capitals (sections 7.2
/// and 7.3).
struct RootEntries {
  private static var capitalsType: UInt8 { 0x82 }
  private static var labelType: UInt8 { 0x83 }

  let label: ByteString
  /// Nil if it is missing or damaged.
  let capitals: Capitals?

  init<Device: BlockDevice>(
    _ sector: BootSector, on volume: Volume<Device>
  ) throws(ExFATError) {
    let system = ExFATFileSystem(sector, on: volume)
    var reader = try DirectoryReader(try system.root(), in: system)
    var label: ByteString?
    var capitals: Capitals?
    // Ends: the directory's size is limited.
    while let entry = try reader.nextEntry(), let type = entry.u8(at: 0) {
      switch type {
      case Self.labelType:
        // At most eleven units.
        let count = Int(entry.u8(at: 1) ?? 0)
        if label == nil, count <= 11 {
          label = UTF16Text.decode(entry, at: 2, unitCount: count)
        }
      case Self.capitalsType:
        if capitals == nil { capitals = try Self.capitals(entry, in: system) }
      default: break
      }
    }
    self.label = label ?? ""
    self.capitals = capitals
  }

  /// The table that an entry leads to; nil if it is damaged.
  private static func capitals<Device: BlockDevice>(
    _ entry: ByteView, in system: ExFATFileSystem<Device>
  ) throws(ExFATError) -> Capitals? {
    guard let stored = entry.u32(at: 4), let first = entry.u32(at: 20),
      let byteCount = entry.u64(at: 24), byteCount > 0,
      byteCount <= ExFATLimits.capitalsByteCount
    else { return nil }
    do throws(ExFATError) {
      var runs = ExtentRuns()
      try system.append(
        ExFATNode(firstCluster: first, byteCount: byteCount), byteCount: byteCount, to: &runs)
      // There may be many entries of damaged tables. Each is summed up, and one is unpacked.
      try system.pay(.copiedBytes, ExFATLimits.costOfCapitals * Int(byteCount))
      var bytes: [UInt8] = []
      for case .run(let offset, let count) in runs.extents {
        bytes += try system.bytes(at: offset, count: Int(count)).bytes
      }
      guard ChecksumRule.matches(stored, Capitals.checksum(bytes)) else { return nil }
      return Capitals(ByteView(bytes))
    } catch {
      if case .device = error { throw error }
      return nil
    }
  }
}
