// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension PartitionSet {
  /// The virtual allocation table (UDF 2.60, 2.2.11; 1.50, 2.2.10): a file whose entry is the last
  /// thing that was written to the disk.
  func virtualTable(
    _ number: UInt16, _ forms: [PartitionMap.Form]
  ) throws(UDFError) -> [UInt32] {
    let partition = try reference(to: number, forms)
    guard case .plain(let extent) = maps[Int(partition)] else {
      throw .unsupported("a virtual partition on another kind")
    }
    let last = min(volume.byteCount / blockByteCount, extent.firstSector + extent.sectorCount)
    for distance in 1...UDFLimits.virtualSearchCount {
      guard last >= distance, last - distance >= extent.firstSector,
        let block = UInt32(exactly: last - distance - extent.firstSector)
      else { break }
      let address = BlockAddress(block: block, partition: partition)
      let entry: FileEntry
      do throws(UDFError) { entry = try fileEntry(at: address) } catch {
        if case .device = error { throw error }
        continue
      }
      if entry.type == FileEntry.virtualTable || entry.type == 0 {
        let byteCount = 4 * UInt64(UDFLimits.virtualCount)
        let view = ByteView(try contents(of: entry, limit: byteCount))
        try pay(.comparisons, view.count / 4)
        try payMemory(byteCount: 2 * view.count)
        if let table = Self.entries(view, isNew: entry.type != 0) { return table }
      }
    }
    throw .noTable("virtual allocation table")
  }

  /// The blocks of a table: the new form has a header in front, the old one an identifier and the
  /// place of the table before at the end.
  private static func entries(_ view: ByteView, isNew: Bool) -> [UInt32]? {
    var first = 0
    var end = view.count
    if isNew {
      guard let count = view.u16(at: 0), count >= 152, Int(count) <= view.count else { return nil }
      first = Int(count)
    } else {
      guard view.count >= 36,
        view.string(at: view.count - 35, count: 22) == "*UDF Virtual Alloc Tbl"
      else { return nil }
      end -= 36
    }
    var result: [UInt32] = []
    while first + 4 <= end {
      result.append(view.u32(at: first) ?? .max)
      first += 4
    }
    return result
  }
}
