// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The superblock, 4096 bytes with every field in its bounds (`struct btrfs_super_block`).
final class Superblock {
  /// Where it and its copies are on each device.
  static let byteOffsets: [UInt64] = [64 << 10, 64 << 20, 256 << 30]
  static let byteCount = 4096

  /// Where on its device this one was.
  let byteOffset: UInt64
  let features: FeatureFlags
  let checksumType: ChecksumType
  let uuid: GUID
  /// What nodes bear: the UUID, unless that was changed without them.
  let metadataUUID: GUID
  let label: ByteString
  let generation: UInt64
  let rootTree: TreeRoot
  let chunkTree: TreeRoot
  /// The address of the tree of logs, which `fsync` writes; 0 if there is none.
  let logRoot: UInt64
  /// The directory in the tree of roots that names the default subvolume.
  let rootDirectory: UInt64
  let deviceCount: UInt64
  /// The number, and the size in bytes, of the device that this superblock is on.
  let deviceID: UInt64
  let deviceByteCount: UInt64
  let byteCount: UInt64
  /// 4096 to 65536, powers of two.
  let sectorByteCount: Int
  let nodeByteCount: Int
  /// The chunks of the system, among them those in which the tree of chunks is.
  let chunkArray: ByteView

  /// Whether the magic number is there.
  static func isPresent(in view: ByteView) -> Bool {
    view.u64(at: 0x40) == 0x4d5f_5366_5248_425f  // _BHRfS_M
  }

  /// Decodes the 4096 bytes found at `byteOffset` of a device, and checks them.
  init(_ view: ByteView, at byteOffset: UInt64) throws(BtrfsError) {
    guard view.count == Self.byteCount, Self.isPresent(in: view), let uuid = GUID(view, at: 0x20),
      let metadataUUID = GUID(view, at: 0x23b),
      let label = view.terminatedString(at: 0x12b, count: 256)
    else { throw .notBtrfs }
    let place = BtrfsStructure.superblock(at: byteOffset)
    let type = view.u16(at: 0xc4) ?? 0
    guard let checksumType = ChecksumType(rawValue: type) else {
      throw .unsupportedFeature("checksum type \(type)")
    }
    try checksumType.verify(view, at: place)
    features = FeatureFlags(incompatible: view.long(0xbc))
    if let name = features.unsupportedName { throw .unsupportedFeature(name) }
    try Self.checkFlags(view.long(0x38))
    guard view.long(0x30) == byteOffset else {
      throw .badField(place, field: "bytenr", value: view.long(0x30))
    }
    self.byteOffset = byteOffset
    self.checksumType = checksumType
    self.uuid = uuid
    self.metadataUUID = features.hasMetadataUUID ? metadataUUID : uuid
    self.label = label

    sectorByteCount = try Self.size(view.u32(at: 0x90) ?? 0, "sectorsize", at: place)
    nodeByteCount = try Self.size(view.u32(at: 0x94) ?? 0, "nodesize", at: place)
    guard nodeByteCount >= sectorByteCount else {
      throw .badField(place, field: "nodesize", value: UInt64(nodeByteCount))
    }
    generation = view.long(0x48)
    rootTree = TreeRoot(
      tree: TreeID.roots, logical: view.long(0x50), level: try Self.level(view, 0xc6, at: place),
      generation: generation)
    chunkTree = TreeRoot(
      tree: TreeID.chunks, logical: view.long(0x58), level: try Self.level(view, 0xc7, at: place),
      generation: view.long(0xa4))
    logRoot = view.long(0x60)
    byteCount = view.long(0x70)
    rootDirectory = view.long(0x80)
    deviceCount = view.long(0x88)
    deviceID = view.long(0xc9)
    deviceByteCount = view.long(0xd1)
    let arrayByteCount = Int(view.u32(at: 0xa0) ?? 0)
    guard arrayByteCount <= 2048, let array = view.slice(at: 0x32b, count: arrayByteCount) else {
      throw .badField(place, field: "sys_chunk_array_size", value: UInt64(arrayByteCount))
    }
    chunkArray = array
  }

  /// The file system can be in states in which its parts do not fit together, or are not there.
  private static func checkFlags(_ flags: UInt64) throws(BtrfsError) {
    if flags & (3 << 33) != 0 { throw .unsupportedFeature("metadump (an image without data)") }
    if flags & (3 << 35) != 0 { throw .unsupportedFeature("an unfinished change of the UUID") }
    if flags & (7 << 38) != 0 { throw .unsupportedFeature("an unfinished conversion") }
  }

  private static func size(
    _ value: UInt32, _ field: ByteString, at place: BtrfsStructure
  ) throws(BtrfsError) -> Int {
    let value = Int(value)
    guard BtrfsLimits.nodeByteCount.contains(value), value & (value - 1) == 0 else {
      throw .badField(place, field: field, value: UInt64(value))
    }
    return value
  }

  private static func level(
    _ view: ByteView, _ offset: Int, at place: BtrfsStructure
  ) throws(BtrfsError) -> Int {
    let level = Int(view.u8(at: offset) ?? 0)
    guard level < BtrfsLimits.levelCount else {
      throw .badField(
        place, field: offset == 0xc6 ? "root_level" : "chunk_root_level", value: UInt64(level))
    }
    return level
  }
}

extension ByteView {
  /// The eight bytes at `offset` of a structure whose size has been checked; 0 past its end.
  ///
  /// Not inlined, because the optimiser of Swift 6.3 fails on the initialiser otherwise.
  @inline(never)
  fileprivate func long(_ offset: Int) -> UInt64 { u64(at: offset) ?? 0 }
}
