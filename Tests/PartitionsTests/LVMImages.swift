// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// Volume groups made by `testimages/lvm.sh`.
struct LVMImages {
  /// Bytes that no two extents have in common; not a whole number of extents.
  static let data: [UInt8] = {
    var generator = SplitMix(seed: 23)
    return (0..<200_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()

  /// Where a metadata area begins, and how long its header is.
  static let area = (byteOffset: 4096, headerByteCount: 512)

  var disks: [MemoryDevice]

  /// A group on `count` disks. Words with `@0` hold `data`.
  init(_ count: Int, _ words: String...) throws {
    disks = try MemberImages(
      "lvm", count: count, data: [Self.data], ["\(count)"] + words
    ).devices()
  }

  /// The physical volumes that are there.
  func physicalVolumes() throws -> [PhysicalVolume<MemoryDevice>] {
    try disks.compactMap { try PhysicalVolume.read(Volume(whole: $0)) }
  }

  /// The logical volumes of the first group.
  func volumes() throws -> [LogicalVolumeMap<MemoryDevice>.Found] {
    try #require(LogicalVolumeMap.groups(try physicalVolumes()).first).volumes()
  }

  /// The first logical volume's bytes, as far as `data` goes.
  func contents() throws -> [UInt8] {
    try #require(try volumes().first).volume.get().read(at: 0, count: Self.data.count)
  }

  /// Why the last logical volume can't be read.
  func failure() throws -> LVMError? {
    guard case .failure(let error) = try #require(try volumes().last).volume else { return nil }
    return error
  }

  /// The text of a disk's metadata.
  func text(_ disk: Int = 0) -> ByteString {
    let header = ByteView(Array(disks[disk].bytes[Self.area.byteOffset...].prefix(512)))
    let start = Self.area.byteOffset + Int(header.u64(at: 40) ?? 0)
    let count = Int(header.u64(at: 48) ?? 0)
    return ByteString(disks[disk].bytes[start..<start + count])
  }

  /// Puts another text into every disk, with checksums that fit.
  func replaceText(_ text: [UInt8]) {
    for disk in disks {
      let start = Self.area.byteOffset
      disk.bytes.replaceSubrange(start + 512..<start + 512 + text.count, with: text)
      Self.put(UInt64(512), at: start + 40, in: disk)
      Self.put(UInt64(text.count), at: start + 48, in: disk)
      Self.put(CRC32.ieee.update(0xf597_a6cf, text), at: start + 56, in: disk)
      Self.sealArea(disk)
    }
  }

  /// Replaces a part of the text in every disk.
  func edit(_ old: String, _ new: String) {
    let text = text().text
    precondition(text.contains(old), "the text does not have this part")
    replaceText(Array(text.replacing(old, with: new, maxReplacements: 1).utf8))
  }

  /// Puts a little-endian number into a disk.
  static func put<Number: FixedWidthInteger>(
    _ value: Number, at offset: Int, in disk: MemoryDevice
  ) {
    withUnsafeBytes(of: value.littleEndian) {
      disk.bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
    }
  }

  /// Makes the checksum of the metadata area's header right.
  static func sealArea(_ disk: MemoryDevice) {
    let start = area.byteOffset
    put(
      CRC32.ieee.update(0xf597_a6cf, Array(disk.bytes[start + 4..<start + 512])), at: start,
      in: disk)
  }

  /// Makes the checksum of the label right.
  static func sealLabel(_ disk: MemoryDevice) {
    put(CRC32.ieee.update(0xf597_a6cf, Array(disk.bytes[532..<1024])), at: 528, in: disk)
  }
}
