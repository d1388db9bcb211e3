// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The records of one directory in order. A record does not cross from one sector of 2048 bytes
/// into the next; zeros fill up the sector (ECMA-119, 6.8.1.1).
struct DirectoryReader<Device: BlockDevice> {
  private static var sectorByteCount: UInt64 { UInt64(VolumeDescriptor.byteCount) }

  private let volume: Volume<Device>
  private let end: UInt64
  private var position: UInt64
  /// The sector that was read last, and where it is.
  private var sector = ByteView([])
  private var sectorOffset: UInt64 = .max

  init(
    _ range: DirectoryRange, of place: ISO9660Structure, on volume: Volume<Device>
  ) throws(ISO9660Error) {
    guard range.byteCount <= ISO9660Limits.directoryByteCount else {
      throw .directoryTooLarge(place, byteCount: range.byteCount)
    }
    guard range.byteOffset <= volume.byteCount,
      range.byteCount <= volume.byteCount - range.byteOffset
    else { throw .blockOutOfRange(place, block: range.byteOffset / Self.sectorByteCount) }
    self.volume = volume
    position = range.byteOffset
    end = range.byteOffset + range.byteCount
  }

  /// The next record, and those that go on with the same file in more extents. Records of
  /// associated files are passed over. Nil at the end.
  mutating func nextFile() throws(ISO9660Error) -> [DirectoryRecord]? {
    // Each turn takes a record of the directory, whose size is limited.
    while let first = try next() {
      if first.isAssociated { continue }
      var records = [first]
      while records[records.count - 1].hasMoreSections {
        guard let more = try next(), !more.isAssociated, !more.isDirectory,
          more.identifier.bytes == first.identifier.bytes
        else { throw .missingSection(first.place) }
        guard records.count < ISO9660Limits.sectionCount else {
          throw .tooManySections(first.place)
        }
        records.append(more)
      }
      return records
    }
    return nil
  }

  /// The next record; nil at the end.
  mutating func next() throws(ISO9660Error) -> DirectoryRecord? {
    while position < end {
      let start = position - position % Self.sectorByteCount
      if start != sectorOffset { try load(start) }
      let offset = Int(position - start)
      guard let length = sector.u8(at: offset) else { throw .badRecord(here) }
      if length == 0 {
        position = start + Self.sectorByteCount
        continue
      }
      guard Int(length) > DirectoryRecord.headerByteCount, UInt64(length) <= end - position,
        let view = sector.slice(at: offset, count: Int(length))
      else { throw .badRecord(here) }
      do { try volume.work.pay(.names) } catch { throw .device(error) }
      let record = try DirectoryRecord(view, at: position)
      position += UInt64(length)
      return record
    }
    return nil
  }

  private var here: ISO9660Structure { .record(byteOffset: position) }

  private mutating func load(_ start: UInt64) throws(ISO9660Error) {
    let count = min(Self.sectorByteCount, volume.byteCount - start)
    do { sector = ByteView(try volume.read(at: start, count: Int(count))) } catch {
      throw .device(error)
    }
    sectorOffset = start
  }
}
