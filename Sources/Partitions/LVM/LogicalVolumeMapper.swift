// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Makes volumes of a group's logical volumes, each once however many stand on it.
final class LogicalVolumeMapper<Device: BlockDevice> {
  /// What is known of a logical volume.
  private indirect enum Known {
    case nothing
    /// Its bytes, how many volumes stand on each other in it, and what is to be remarked.
    case mapped(Volume<Device>, height: Int, remarks: [ByteString])
    /// Why it can't be mapped, whoever asks.
    case failed(LVMError, remarks: [ByteString])
    /// It was too deep where it was asked for from, and so is it from deeper places.
    case tooDeep(fromDepth: Int)
  }

  let group: VolumeGroup
  private let physicalVolumes: [PhysicalVolume<Device>]
  private let physicalIdentifiers: NameIndex
  /// In the order of the group's logical volumes.
  private var known: [Known]
  /// The height of what was mapped since it was set to 0.
  private var height = 0
  /// The segments of volumes that were made.
  private var partCount = 0
  /// What pays.
  private let work: WorkAccount
  /// How often a segment was looked at.
  private(set) var segmentCount = 0

  init(_ group: VolumeGroup, _ physicalVolumes: [PhysicalVolume<Device>]) {
    self.group = group
    self.physicalVolumes = physicalVolumes
    physicalIdentifiers = NameIndex(physicalVolumes.map { $0.identifier })
    work = physicalVolumes.first?.volume.work ?? WorkAccount()
    known = [Known](repeating: .nothing, count: group.logicalVolumes.count)
  }

  /// The bytes of the logical volume at a place of the list, on which `depth` others stand.
  func map(
    _ index: Int, depth: Int, _ remarks: inout [ByteString]
  ) throws(LVMError) -> Volume<Device> {
    let result: Volume<Device>
    let ownHeight: Int
    let ownRemarks: [ByteString]
    switch known[index] {
    case .failed(let error, let told):
      add(told, to: &remarks)
      throw error
    case .tooDeep(let known) where depth >= known: throw .tooDeep
    case .mapped(let volume, let known, let told):
      (result, ownHeight, ownRemarks) = (volume, known, told)
    case .nothing, .tooDeep:
      (result, ownHeight, ownRemarks) = try mapAnew(index, depth: depth, &remarks)
    }
    guard depth + ownHeight <= LVMLimits.volumeDepthMax else { throw .tooDeep }
    height = max(height, ownHeight)
    add(ownRemarks, to: &remarks)
    return result
  }

  private func mapAnew(
    _ index: Int, depth: Int, _ remarks: inout [ByteString]
  ) throws(LVMError) -> (Volume<Device>, height: Int, remarks: [ByteString]) {
    let outerHeight = height
    height = 0
    defer { height = outerHeight }
    var told: [ByteString] = []
    do throws(LVMError) {
      let volume = try map(group.logicalVolumes[index], depth: depth, &told)
      known[index] = .mapped(volume, height: height + 1, remarks: told)
      return (volume, height + 1, told)
    } catch {
      if case .tooDeep = error {
        known[index] = .tooDeep(fromDepth: depth)
      } else {
        known[index] = .failed(error, remarks: told)
      }
      add(told, to: &remarks)
      throw error
    }
  }

  /// Remarks of a volume are those of all that it stands on; past a limit they are dropped.
  func add(_ told: [ByteString], to remarks: inout [ByteString]) {
    remarks += told.prefix(max(0, LVMLimits.remarkCountMax - remarks.count))
  }

  /// Counts segments that are made, and pays for them.
  private func count(_ count: Int) throws(LVMError) {
    partCount += count
    guard partCount <= LVMLimits.segmentCountMax else { throw .tooComplex }
    do throws(BlockError) {
      try work.pay(.segments, count)
    } catch { throw .device(error) }
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
      segmentCount += 1
      let parts = try map(segment, of: volume, depth: depth, &remarks)
      try count(1)
      segments += parts
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
    guard let volume = group.logicalIndex(name) else { throw .unknownName(name) }
    do throws(LVMError) {
      return try map(volume, depth: depth + 1, &remarks)
    } catch {
      guard error.family == .device, redundancy != .none else { throw error }
      add(["\(name): \(error.message)"], to: &remarks)
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
        let index = physicalIdentifiers.index(of: physical.identifier)
      else { throw .missingPhysicalVolume(physical.identifier) }
      let present = physicalVolumes[index]
      guard let place = Checked.sum(start, physical.byteOffset),
        let segments = present.volume.segments(at: place, count: size)
      else { throw .outOfRange(present.volume.name) }
      try count(segments.count)
      return segments
    }
    guard let logical = group.logicalIndex(area.name) else { throw .unknownName(area.name) }
    let volume = try map(logical, depth: depth + 1, &remarks)
    guard let segments = volume.segments(at: start, count: size) else {
      throw .outOfRange(area.name)
    }
    try count(segments.count)
    return segments
  }
}
