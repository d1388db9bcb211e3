// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a text of LVM2 says of a volume group.
struct VolumeGroup: Equatable {
  /// A physical volume as the group knows it.
  struct Physical: Equatable {
    let name: ByteString
    let identifier: ByteString
    /// Where extent 0 begins on it, in bytes.
    let byteOffset: UInt64
    let extentCount: UInt64
    /// Whether the group was changed while it was not there, so that what is on it is old.
    let isStale: Bool
  }

  let name: ByteString
  let identifier: ByteString
  let sequenceNumber: UInt64
  let extentByteCount: UInt64
  let physicalVolumes: [Physical]
  let logicalVolumes: [LogicalVolume]

  private let physicalNames: NameIndex
  private let logicalNames: NameIndex
  /// Volumes that are not what their segments say, and what they are.
  private let snapshotNames: NameIndex
  private let snapshotTypes: [ByteString]

  /// The group of a text, whose first section it is; `work` pays.
  init(text: [UInt8], work: WorkAccount = WorkAccount()) throws(LVMError) {
    let root = try LVMTextParser.parse(text, work)
    guard let (name, section) = root.sections.first else { throw .missingValue("volume group") }
    if case .string(let format)? = section["format"], format != "lvm2" {
      throw .unsupportedFormat(format)
    }
    self.name = name
    identifier = try section.string("id")
    sequenceNumber = try section.number("seqno")
    let extent = try section.number("extent_size")
    guard extent > 0, let byteCount = Checked.product(extent, 512),
      byteCount <= LVMLimits.extentByteCountMax
    else { throw .badValue("extent_size") }
    extentByteCount = byteCount
    var physical: [Physical] = []
    for (name, entry) in try section.section("physical_volumes").sections {
      guard let start = Checked.product(try entry.number("pe_start"), 512) else {
        throw .badValue("pe_start")
      }
      physical.append(
        Physical(
          name: name, identifier: try entry.string("id"), byteOffset: start,
          extentCount: try entry.number("pe_count"),
          isStale: entry.strings("flags").contains("MISSING")))
    }
    physicalVolumes = physical
    var logical: [LogicalVolume] = []
    // A new group has no such section.
    if case .section(let volumes)? = section["logical_volumes"] {
      for (name, entry) in volumes.sections {
        logical.append(try LogicalVolume(name: name, entry))
      }
    }
    logicalVolumes = logical
    physicalNames = NameIndex(physical.map { $0.name })
    logicalNames = NameIndex(logical.map { $0.name })
    let snapshots = Self.snapshots(logical)
    snapshotNames = NameIndex(snapshots.map { $0.name })
    snapshotTypes = snapshots.map { $0.type }
  }

  /// The names of volumes that hold the changes of a snapshot, or take them back.
  private static func snapshots(
    _ volumes: [LogicalVolume]
  ) -> [(name: ByteString, type: ByteString)] {
    var result: [(name: ByteString, type: ByteString)] = []
    for volume in volumes {
      for segment in volume.segments {
        guard case .snapshot(let origin, let store, let isMerging) = segment.kind else { continue }
        result.append((store, "snapshot"))
        if isMerging { result.append((origin, "snapshot-merge")) }
      }
    }
    return result
  }

  /// The place of a logical volume in the list.
  func logicalIndex(_ name: ByteString) -> Int? { logicalNames.index(of: name) }

  /// Why a volume is not what its segments say: it holds the changes of a snapshot, or takes them
  /// back; nil if it is.
  func snapshotType(of name: ByteString) -> ByteString? {
    snapshotNames.index(of: name).map { snapshotTypes[$0] }
  }

  func physicalVolume(_ name: ByteString) -> Physical? {
    physicalNames.index(of: name).map { physicalVolumes[$0] }
  }
}

/// A logical volume as its group's text has it.
struct LogicalVolume: Equatable {
  let name: ByteString
  let identifier: ByteString
  /// Whether it is for users, and not a part of another volume.
  let isVisible: Bool
  /// Whether a reshape of it is under way.
  let isReshaping: Bool
  /// The segments in the order of their extents.
  let segments: [LogicalSegment]

  init(name: ByteString, _ section: LVMSection) throws(LVMError) {
    self.name = name
    identifier = try section.string("id")
    let status = section.strings("status")
    isVisible = status.contains("VISIBLE")
    isReshaping = (status + section.strings("flags")).contains { $0.hasPrefix("RESHAPE") }
    let count = try section.number("segment_count")
    var segments: [LogicalSegment] = []
    for (_, entry) in section.sections where entry["start_extent"] != nil {
      segments.append(try LogicalSegment(entry))
    }
    guard UInt64(segments.count) == count else { throw .badValue("segment_count") }
    // They are stored in any order.
    segments.sort { $0.firstExtent < $1.firstExtent }
    self.segments = segments
  }
}
