// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// One copy of a GUID partition table (UEFI 2.10, section 5.3).
struct GPTReader<Device: BlockDevice> {
  let disk: Volume<Device>
  let geometry: Geometry
  let headerSector: UInt64

  init(_ disk: Volume<Device>, headerSector: UInt64, _ geometry: Geometry) {
    self.disk = disk
    self.headerSector = headerSector
    self.geometry = geometry
  }

  /// The partitions that it lists, or what is wrong with it.
  func partitions() -> GPTResult {
    do { return .success(try read()) } catch { return .failure(error) }
  }

  private func read() throws(GPTDefect) -> [Partition] {
    let header = try GPTHeader(
      ByteView(try bytes(at: headerSector, count: geometry.sectorByteCount)), at: headerSector)
    // Both factors are under their limits, which GPTHeader checks.
    let entries = ByteView(
      try bytes(at: header.entriesSector, count: header.entryCount * header.entryByteCount))
    let computed = entries.withBytes { ~CRC32.ieee.update(~0, $0) }
    guard ChecksumRule.matches(header.entriesChecksum, computed) else {
      throw .badEntriesChecksum(stored: header.entriesChecksum, computed: computed)
    }
    var result: [Partition] = []
    for slot in 0..<header.entryCount {
      if let entry = entries.slice(at: slot * header.entryByteCount, count: 128),
        let partition = partition(slot + 1, entry)
      {
        result.append(partition)
      }
    }
    return result
  }

  /// The partition of an entry; nil if the entry is unused, ends before its start or starts past
  /// the disk's end. Linux passes over such entries too.
  private func partition(_ number: Int, _ entry: ByteView) -> Partition? {
    guard let type = GUID(mixedEndian: entry, at: 0), !type.isZero,
      let identifier = GUID(mixedEndian: entry, at: 16),
      let first = entry.u64(at: 32), let last = entry.u64(at: 40), first <= last,
      let count = Checked.sum(last - first, 1), let attributes = entry.u64(at: 48),
      let range = geometry.bytes(from: first, count: count)
    else { return nil }
    return Partition(
      number: number, scheme: .gpt, byteOffset: range.offset, byteCount: range.count,
      isClipped: range.clipped, type: .gpt(type), identifier: identifier.text,
      label: UTF16Text.decode(entry, at: 56, unitCount: 36), isActive: attributes & 4 != 0,
      attributes: attributes)
  }

  private func bytes(at sector: UInt64, count: Int) throws(GPTDefect) -> [UInt8] {
    guard let offset = Checked.product(sector, UInt64(geometry.sectorByteCount)),
      offset <= disk.byteCount, UInt64(count) <= disk.byteCount - offset
    else { throw .outsideDisk }
    do { return try disk.read(at: offset, count: count) } catch { throw .unreadable }
  }
}

/// What came of reading one copy.
enum GPTResult {
  case success([Partition])
  case failure(GPTDefect)
}

/// The header of a GPT (UEFI 2.10, table 5.5), with its checksum and limits checked.
struct GPTHeader {
  let entriesSector: UInt64
  let entryCount: Int
  let entryByteCount: Int
  let entriesChecksum: UInt32

  init(_ sector: ByteView, at number: UInt64) throws(GPTDefect) {
    guard sector.string(at: 0, count: 8) == "EFI PART", let size = sector.u32(at: 12),
      let checksum = sector.u32(at: 16), let place = sector.u64(at: 24),
      let entriesSector = sector.u64(at: 72), let entryCount = sector.u32(at: 80),
      let entryByteCount = sector.u32(at: 84), let entriesChecksum = sector.u32(at: 88)
    else { throw .badSignature }
    guard size >= 92, var bytes = sector.slice(at: 0, count: Int(size))?.bytes else {
      throw .badHeaderSize(size)
    }
    for index in 16..<20 { bytes[index] = 0 }
    let computed = CRC32.ieee.checksum(bytes)
    guard ChecksumRule.matches(checksum, computed) else {
      throw .badHeaderChecksum(stored: checksum, computed: computed)
    }
    guard place == number else { throw .wrongSector(place) }
    guard entryByteCount >= 128, entryByteCount <= PartitionTable.gptEntryByteCountMax,
      entryByteCount & (entryByteCount - 1) == 0
    else { throw .badEntrySize(entryByteCount) }
    guard entryCount <= PartitionTable.gptEntryCountMax else { throw .tooManyEntries(entryCount) }
    self.entriesSector = entriesSector
    self.entryCount = Int(entryCount)
    self.entryByteCount = Int(entryByteCount)
    self.entriesChecksum = entriesChecksum
  }
}

extension GPTDefect: Error {}
