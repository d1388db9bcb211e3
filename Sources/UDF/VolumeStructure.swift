// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A range of sectors that a partition descriptor names.
struct PartitionExtent: Equatable {
  let number: UInt16
  let firstSector: UInt64
  let sectorCount: UInt64
}

/// What the descriptors of a volume say (ECMA-167, part 3): the anchor leads to a sequence of them,
/// of which there are two copies. Of one kind of them the one with the highest number counts.
final class VolumeStructure {
  /// The size of a sector, which is that of a block too.
  let sectorByteCount: UInt64
  /// The volume's own identifier.
  private(set) var volumeIdentifier: ByteString = ""
  /// The logical volume's identifier.
  private(set) var label: ByteString = ""
  /// Made of the identifier of the volume set.
  private(set) var uuid: ByteString = ""
  /// The partitions.
  private(set) var partitions: [PartitionExtent] = []
  /// The descriptor of the logical volume, for its maps.
  private(set) var logicalVolume = ByteView([])
  /// The highest version of the format that a reader has to know, as 0x0102 to 0x0260.
  private(set) var revision: UInt16 = 0

  private var primaryNumber: UInt32?
  private var logicalNumber: UInt32?
  private var partitionNumbers: [UInt32] = []
  /// What was wrong with the first descriptor that could not be read.
  private var failure: UDFError?

  /// The descriptors of the main sequence, or of the reserve.
  static func read<Device: BlockDevice>(
    _ volume: Volume<Device>
  ) throws(UDFError) -> VolumeStructure {
    let (size, anchor) = try Anchor.find(volume)
    do throws(UDFError) {
      return try read(anchor.main, size, on: volume)
    } catch {
      if case .device = error { throw error }
      if let other = try? read(anchor.reserve, size, on: volume) { return other }
      throw error
    }
  }

  private static func read<Device: BlockDevice>(
    _ first: SectorExtent, _ sectorByteCount: UInt64, on volume: Volume<Device>
  ) throws(UDFError) -> VolumeStructure {
    let result = VolumeStructure(sectorByteCount: sectorByteCount)
    try result.readAll(first, on: volume)
    return result
  }

  private init(sectorByteCount: UInt64) { self.sectorByteCount = sectorByteCount }

  private func readAll<Device: BlockDevice>(
    _ first: SectorExtent, on volume: Volume<Device>
  ) throws(UDFError) {
    var next: SectorExtent? = first
    var count = 0
    while let extent = next, count < UDFLimits.descriptorExtentCount {
      next = try read(extent, on: volume)
      count += 1
    }
    guard primaryNumber != nil else { throw failure ?? .missingDescriptor("primary volume") }
    guard logicalNumber != nil else { throw failure ?? .missingDescriptor("logical volume") }
    guard !partitions.isEmpty else { throw failure ?? .missingDescriptor("partition") }
  }

  /// Reads the descriptors of an extent; gives the extent that goes on, if there is one.
  private func read<Device: BlockDevice>(
    _ extent: SectorExtent, on volume: Volume<Device>
  ) throws(UDFError) -> SectorExtent? {
    let count = min(UInt64(extent.byteCount) / sectorByteCount, UDFLimits.descriptorCount)
    var next: SectorExtent?
    for sector in UInt64(extent.sector)..<UInt64(extent.sector) + count {
      let place = UDFStructure.sector(sector)
      let view = try Anchor.sector(sector, sectorByteCount, of: volume)
      do throws(UDFError) {
        switch try DescriptorTag.check(
          view, at: place, location: UInt32(truncatingIfNeeded: sector))
        {
        case DescriptorTag.primaryVolume: takePrimary(view)
        case DescriptorTag.partition: try takePartition(view, at: place)
        case DescriptorTag.logicalVolume: try takeLogicalVolume(view, at: place)
        case DescriptorTag.volumePointer: next = SectorExtent(view, at: 20)
        case DescriptorTag.terminating: return nil
        default: break
        }
      } catch {
        // A sector that was never written ends the sequence.
        failure = failure ?? error
        return next
      }
      if let next { return next }
    }
    return nil
  }

  private func takePrimary(_ view: ByteView) {
    guard let number = view.u32(at: 16), primaryNumber.map({ $0 < number }) ?? true else { return }
    primaryNumber = number
    volumeIdentifier = CompressedUnicode.field(view, at: 24, count: 32)
    uuid = Self.uuid(CompressedUnicode.field(view, at: 72, count: 128))
  }

  private func takePartition(
    _ view: ByteView, at place: UDFStructure
  ) throws(UDFError) {
    guard let sequence = view.u32(at: 16), let number = view.u16(at: 22),
      let first = view.u32(at: 188), let count = view.u32(at: 192)
    else { throw .badField(place, field: "size", value: UInt64(view.count)) }
    let extent = PartitionExtent(
      number: number, firstSector: UInt64(first), sectorCount: UInt64(count))
    if let index = partitions.firstIndex(where: { $0.number == number }) {
      guard partitionNumbers[index] < sequence else { return }
      partitionNumbers[index] = sequence
      partitions[index] = extent
      return
    }
    guard partitions.count < UDFLimits.partitionCount else {
      throw .tooMany(place, "partitions")
    }
    partitionNumbers.append(sequence)
    partitions.append(extent)
  }

  private func takeLogicalVolume(
    _ view: ByteView, at place: UDFStructure
  ) throws(UDFError) {
    guard let number = view.u32(at: 16), let size = view.u32(at: 212),
      logicalNumber.map({ $0 < number }) ?? true
    else { return }
    guard UInt64(size) == sectorByteCount else {
      throw .badField(place, field: "size of a block", value: UInt64(size))
    }
    logicalNumber = number
    logicalVolume = view
    label = CompressedUnicode.field(view, at: 84, count: 128)
    if view.string(at: 217, count: 19) == "*OSTA UDF Compliant" {
      revision = view.u16(at: 240) ?? 0
    }
  }

  /// The identifier that blkid and GRUB make of a volume set's (`libblkid/src/superblocks/udf.c`):
  /// its first sixteen characters in lower case where they are hexadecimal digits, or the codes
  /// of the second eight, or of the first. Empty if there are less than eight.
  private static func uuid(_ identifier: ByteString) -> ByteString {
    let text = Array(identifier.bytes.prefix(16))
    guard text.count >= 8 else { return "" }
    let digits = text.prefix { Numbers.hexadecimal(ByteString([$0])) != nil }.count
    if digits == 16 { return ByteString(text).lowercased }
    let plain = digits < 8 ? 0 : 8
    var result = ByteString(text[..<plain]).lowercased
    for index in plain..<(plain == 0 ? 8 : 12) {
      let byte = index < text.count ? text[index] : 0
      Numbers.appendHexadecimal(UInt64(byte), digitCountMin: 2, to: &result.bytes)
    }
    return result
  }
}
