// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// The logical volumes of a group whose physical volumes, or some of them, are there.
public struct LogicalVolumeMap<Device: BlockDevice> {
  /// A logical volume, or why it can't be read.
  public struct Found {
    /// GRUB's names: `lvm/my--vg-root`, `lvmid/GROUP/VOLUME`; and Linux's below `/dev`:
    /// `my-vg/root`, `mapper/my--vg-root`.
    public let names: [ByteString]
    /// The bytes, or why they can't be had.
    public let volume: Result<Volume<Device>, LVMError>
    /// What an administrator should know: images left out.
    public let remarks: [ByteString]
  }

  private let group: VolumeGroup
  private let physicalVolumes: [PhysicalVolume<Device>]

  /// The groups that `physicalVolumes` belong to. Of each, the text with the highest number counts.
  public static func groups(_ physicalVolumes: [PhysicalVolume<Device>]) -> [LogicalVolumeMap] {
    var groups: [VolumeGroup] = []
    for volume in physicalVolumes {
      guard let group = volume.group else { continue }
      if let index = groups.firstIndex(where: { $0.identifier == group.identifier }) {
        if group.sequenceNumber > groups[index].sequenceNumber { groups[index] = group }
      } else {
        groups.append(group)
      }
    }
    return groups.map { LogicalVolumeMap(group: $0, physicalVolumes: physicalVolumes) }
  }

  /// The group's name.
  public var name: ByteString { group.name }

  /// The group's identifier.
  public var identifier: ByteString { group.identifier }

  /// All logical volumes that are for users.
  public func volumes() -> [Found] {
    var result: [Found] = []
    for volume in group.logicalVolumes where volume.isVisible {
      let joined = "\(Self.doubled(group.name))-\(Self.doubled(volume.name))" as ByteString
      let names: [ByteString] = [
        "lvm/\(joined)", "lvmid/\(group.identifier)/\(volume.identifier)", "mapper/\(joined)",
        "\(group.name)/\(volume.name)",
      ]
      var remarks: [ByteString] = []
      do throws(LVMError) {
        let found = try map(volume, depth: 0, &remarks).named("lvm/\(joined)")
        result.append(Found(names: names, volume: .success(found), remarks: remarks))
      } catch {
        result.append(Found(names: names, volume: .failure(error), remarks: remarks))
      }
    }
    return result
  }

  /// A name with its hyphens doubled, as the single ones stand between two names.
  private static func doubled(_ name: ByteString) -> ByteString {
    var result = ByteString()
    for byte in name.bytes {
      if byte == 0x2d { result.append(byte) }
      result.append(byte)
    }
    return result
  }

  private func bytes(_ extents: UInt64, _ name: ByteString) throws(LVMError) -> UInt64 {
    guard let count = Checked.product(extents, group.extentByteCount) else {
      throw .outOfRange(name)
    }
    return count
  }

  private func map(
    _ volume: LogicalVolume, depth: Int, _ remarks: inout [ByteString]
  ) throws(LVMError) -> Volume<Device> {
    guard depth < LVMLimits.volumeDepthMax else { throw .tooDeep }
    guard !volume.isReshaping else { throw .reshaping }
    if let type = group.snapshotType(of: volume.name) { throw .unsupportedType(type) }
    var segments: [VolumeSegment<Device>] = []
    var position: UInt64 = 0
    for segment in volume.segments {
      guard segment.firstExtent == position, let end = Checked.sum(position, segment.extentCount)
      else { throw .segmentGap }
      segments += try map(segment, of: volume, depth: depth, &remarks)
      position = end
    }
    guard let result = Volume(name: volume.name, segments: segments) else {
      throw .outOfRange(volume.name)
    }
    return result
  }

  private func map(
    _ segment: LogicalSegment, of volume: LogicalVolume, depth: Int,
    _ remarks: inout [ByteString]
  ) throws(LVMError) -> [VolumeSegment<Device>] {
    let size = try bytes(segment.extentCount, volume.name)
    switch segment.kind {
    case .zeros: return [VolumeSegment(.zeros, at: 0, byteCount: size)]
    case .unsupported, .snapshot: throw .unsupportedType(segment.type)
    case .mirrored(let areas):
      return try firstPresent(areas.count, segment.type) { (index) throws(LVMError) in
        try area(areas[index], size, depth: depth, &remarks)
      }
    case .copied(let images, let states):
      let good = goodImages(images, states, depth: depth, of: volume, &remarks)
      return try firstPresent(images.count, segment.type) { (index) throws(LVMError) in
        guard good[index] else { throw .missingImages(segment.type) }
        return try area(
          LogicalSegment.Area(name: images[index], firstExtent: 0), size, depth: depth, &remarks)
      }
    case .striped(let areas, let stripe):
      if areas.count == 1 { return try area(areas[0], size, depth: depth, &remarks) }
      guard segment.extentCount % UInt64(areas.count) == 0 else { throw .badValue("extent_count") }
      var members: [Volume<Device>?] = []
      for part in areas {
        let each = size / UInt64(areas.count)
        let segments = try area(part, each, depth: depth, &remarks)
        members.append(Volume(name: part.name, segments: segments))
      }
      return try striped(members, .none, stripe, size, segment.type)
    case .raid(let redundancy, let images, let states, let stripe):
      let good = goodImages(images, states, depth: depth, of: volume, &remarks)
      var members: [Volume<Device>?] = []
      for (index, name) in images.enumerated() {
        members.append(
          good[index] ? try image(name, of: redundancy, depth: depth, &remarks) : nil)
      }
      return try striped(members, redundancy, stripe, size, segment.type)
    }
  }

  /// What `body` gives for the first of `count` copies that is there; throws what the first says if
  /// none is.
  private func firstPresent(
    _ count: Int, _ type: ByteString,
    _ body: (Int) throws(LVMError) -> [VolumeSegment<Device>]
  ) throws(LVMError) -> [VolumeSegment<Device>] {
    var failure: LVMError?
    for index in 0..<count {
      do throws(LVMError) {
        return try body(index)
      } catch {
        guard error.family == .device else { throw error }
        failure = failure ?? error
      }
    }
    throw failure ?? .missingImages(type)
  }

  /// An image of an array; nil if it is not there and the array can do without.
  private func image(
    _ name: ByteString, of redundancy: StripeLayout.Redundancy, depth: Int,
    _ remarks: inout [ByteString]
  ) throws(LVMError) -> Volume<Device>? {
    guard let volume = group.logicalVolume(name) else { throw .unknownName(name) }
    do throws(LVMError) {
      return try map(volume, depth: depth + 1, &remarks)
    } catch {
      guard error.family == .device, redundancy != .none else { throw error }
      remarks.append("\(name): \(error.message)")
      return nil
    }
  }

  private func striped(
    _ members: [Volume<Device>?], _ redundancy: StripeLayout.Redundancy, _ stripe: UInt64,
    _ size: UInt64, _ type: ByteString
  ) throws(LVMError) -> [VolumeSegment<Device>] {
    var smallest: UInt64?
    for case .some(let member) in members {
      smallest = min(smallest ?? member.byteCount, member.byteCount)
    }
    guard let smallest else { throw .missingImages(type) }
    guard
      let layout = StripeLayout(
        redundancy, memberCount: members.count, chunkByteCount: stripe, memberByteCount: smallest)
    else { throw .badValue("stripe_size") }
    guard let set = StripedSet(members, layout) else { throw .missingImages(type) }
    guard size <= set.byteCount else { throw .outOfRange(type) }
    return [VolumeSegment(.striped(set), at: 0, byteCount: size)]
  }

  /// `size` bytes of a physical or a logical volume.
  private func area(
    _ area: LogicalSegment.Area, _ size: UInt64, depth: Int, _ remarks: inout [ByteString]
  ) throws(LVMError) -> [VolumeSegment<Device>] {
    let start = try bytes(area.firstExtent, area.name)
    if let physical = group.physicalVolume(area.name) {
      guard !physical.isStale,
        let present = physicalVolumes.first(where: { $0.identifier == physical.identifier })
      else { throw .missingPhysicalVolume(physical.identifier) }
      guard let place = Checked.sum(start, physical.byteOffset),
        let segments = present.volume.segments(at: place, count: size)
      else { throw .outOfRange(present.volume.name) }
      return segments
    }
    guard let logical = group.logicalVolume(area.name) else { throw .unknownName(area.name) }
    let volume = try map(logical, depth: depth + 1, &remarks)
    guard let segments = volume.segments(at: start, count: size) else {
      throw .outOfRange(logical.name)
    }
    return segments
  }

  /// Which images are up to date, as the superblocks say that device-mapper writes beside them
  /// (Linux, `drivers/md/dm-raid.c`, `struct dm_raid_superblock`). Without these all are.
  private func goodImages(
    _ images: [ByteString], _ states: [ByteString], depth: Int, of volume: LogicalVolume,
    _ remarks: inout [ByteString]
  ) -> [Bool] {
    var good = [Bool](repeating: true, count: images.count)
    var newest: ByteView?
    var events: [UInt64?] = []
    for name in states {
      guard let state = group.logicalVolume(name), let view = superblock(state, depth: depth) else {
        events.append(nil)
        continue
      }
      let count = view.u64(at: 16) ?? 0
      events.append(count)
      if count > newest?.u64(at: 16) ?? 0 || newest == nil { newest = view }
    }
    guard let newest, let highest = newest.u64(at: 16), let failed = newest.u64(at: 24) else {
      return good
    }
    for (index, count) in events.enumerated() where index < good.count {
      let hasFailed = index < 64 && failed >> UInt64(index) & 1 == 1
      // One change less is what a crash leaves behind.
      let isOld = count.map { $0 < highest && highest - $0 > 1 } ?? false
      if hasFailed || isOld {
        good[index] = false
        remarks.append("\(images[index]) is left out: it is out of date")
      }
    }
    return good
  }

  private func superblock(_ state: LogicalVolume, depth: Int) -> ByteView? {
    var remarks: [ByteString] = []
    do throws(LVMError) {
      let volume = try map(state, depth: depth + 1, &remarks)
      let bytes: [UInt8]
      do { bytes = try volume.read(at: 0, count: 512) } catch { return nil }
      let view = ByteView(bytes)
      return view.u32(at: 0) == 0x6452_6d44 ? view : nil
    } catch { return nil }
  }
}
