// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// One try less for a partition, written into both copies of a GPT.
public enum GPTTries {
  /// A copy, as far as it changes.
  private struct Copy {
    /// Where the byte with the tries is on the disk.
    var place: UInt64
    /// Its new value.
    var byte: UInt8
    /// Where the header is.
    var headerPlace: UInt64
    /// Its new bytes.
    var header: [UInt8]
    /// The entries before the change.
    var entries: [UInt8]
  }

  /// Takes one of the tries that partition `number` of `disk` has left. All of both copies is read
  /// from the disk itself first, and nothing is written unless both are good and say the same. The
  /// backup is written before the primary, so that one copy is good at any time.
  ///
  /// Gives the reason if nothing was written, or if the disk does not hold what was.
  public static func take<Device: BlockDevice>(
    of number: Int, on disk: Volume<Device>
  ) -> ByteString? {
    let last = Geometry(disk).sectorCount
    do throws(GPTDefect) {
      guard last > 1 else { throw .outsideDisk }
      let primary = try copy(at: 1, number, disk)
      let backup = try copy(at: last - 1, number, disk)
      guard let primary, let backup else { return "the table has no tries for it" }
      guard primary.entries == backup.entries else { return "the copies of the table differ" }
      for copy in [backup, primary] {
        do throws(BlockError) {
          try disk.write([copy.byte], at: copy.place)
          try disk.write(copy.header, at: copy.headerPlace)
        } catch { return error.message }
      }
      for (sector, old) in [(1 as UInt64, primary), (last - 1, backup)] {
        guard try entries(at: sector, disk).bytes != old.entries else {
          return "the disk does not hold what was written"
        }
      }
      return nil
    } catch { return "the partition table is damaged: \(error.text)" }
  }

  /// The change of a copy; nil if the partition has no try left.
  private static func copy<Device: BlockDevice>(
    at sector: UInt64, _ number: Int, _ disk: Volume<Device>
  ) throws(GPTDefect) -> Copy? {
    let (header, place, old) = try entries(at: sector, disk)
    let size = UInt64(Geometry(disk).sectorByteCount)
    let headerBytes = ByteView(try read(at: sector * size, count: Int(size), disk))
    // The tries are half of byte 6 of the attributes, which are at 48.
    let inEntries = (number - 1) * header.entryByteCount + 54
    guard number > 0, old.indices.contains(inEntries), old[inEntries] >> 4 > 0,
      var new = headerBytes.slice(at: 0, count: Int(headerBytes.u32(at: 12) ?? 0))?.bytes
    else { return nil }
    let byte = old[inEntries] - 0x10
    var entries = old
    entries[inEntries] = byte
    put(~CRC32.ieee.update(~0, entries), at: 88, in: &new)
    put(0, at: 16, in: &new)
    put(CRC32.ieee.checksum(new), at: 16, in: &new)
    return Copy(
      place: place + UInt64(inEntries), byte: byte, headerPlace: sector * size, header: new,
      entries: old)
  }

  /// The header of a copy, and its entries with their place in bytes.
  private static func entries<Device: BlockDevice>(
    at sector: UInt64, _ disk: Volume<Device>
  ) throws(GPTDefect) -> (header: GPTHeader, place: UInt64, bytes: [UInt8]) {
    let size = UInt64(Geometry(disk).sectorByteCount)
    let header = try GPTHeader(
      ByteView(try read(at: sector * size, count: Int(size), disk)), at: sector)
    guard let place = Checked.product(header.entriesSector, size) else { throw .outsideDisk }
    let bytes = try read(at: place, count: header.entryCount * header.entryByteCount, disk)
    let computed = ~CRC32.ieee.update(~0, bytes)
    guard ChecksumRule.matches(header.entriesChecksum, computed) else {
      throw .badEntriesChecksum(stored: header.entriesChecksum, computed: computed)
    }
    return (header, place, bytes)
  }

  private static func read<Device: BlockDevice>(
    at place: UInt64, count: Int, _ disk: Volume<Device>
  ) throws(GPTDefect) -> [UInt8] {
    guard place <= disk.byteCount, UInt64(count) <= disk.byteCount - place else {
      throw .outsideDisk
    }
    do { return try disk.readAgain(at: place, count: count) } catch { throw .unreadable }
  }

  private static func put(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<4 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}
