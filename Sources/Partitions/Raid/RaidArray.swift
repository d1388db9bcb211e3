// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A volume with md's superblock on it.
public struct RaidMember<Device: BlockDevice> {
  /// Where it is.
  public let volume: Volume<Device>
  /// What it says.
  public let superblock: RaidSuperblock

  /// The member on `volume`.
  public init(_ volume: Volume<Device>, _ superblock: RaidSuperblock) {
    self.volume = volume
    self.superblock = superblock
  }

  /// The part of it that holds the array's data.
  var data: Volume<Device>? {
    Volume(
      volume, name: volume.name, at: superblock.dataByteOffset, count: superblock.dataByteCount)
  }
}

/// An array of md (RAID in software, as mdadm makes it), put together from its members for reading.
public struct RaidArray<Device: BlockDevice> {
  /// The array's bytes.
  public let volume: Volume<Device>
  /// What an administrator should know: members left out, members computed.
  public let remarks: [ByteString]
  /// `RAID 5` and the like.
  public let levelName: ByteString

  /// The array of `members`, which share one identifier, called `name`. There is at least
  /// one.
  public init(_ members: [RaidMember<Device>], name: ByteString) throws(RaidError) {
    var assembly = RaidAssembly(members, name: name)
    volume = try assembly.volume()
    remarks = assembly.remarks
    levelName = RaidError.name(ofLevel: assembly.leader.level)
  }
}

/// Puts an array together.
struct RaidAssembly<Device: BlockDevice> {
  private let name: ByteString
  private let members: [RaidMember<Device>]
  /// The superblock with the most events: what the array is.
  let leader: RaidSuperblock
  private(set) var remarks: [ByteString] = []

  init(_ members: [RaidMember<Device>], name: ByteString) {
    precondition(!members.isEmpty, "an array without members")
    self.name = name
    self.members = members
    var leader = members[0].superblock
    for member in members where member.superblock.events > leader.events {
      leader = member.superblock
    }
    self.leader = leader
  }

  mutating func volume() throws(RaidError) -> Volume<Device> {
    guard !leader.isReshaping else { throw .reshaping }
    guard [-1, 0, 1, 4, 5, 6, 10].contains(leader.level) else {
      throw .unsupportedLevel(leader.level)
    }
    let slots = try slots()
    let present = slots.filter { $0 != nil }.count
    if present < slots.count {
      remarks.append("\(name): \(present) of \(slots.count) members are there")
    }
    if leader.hasJournal { remarks.append("\(name): its journal is not replayed") }
    let segments: [VolumeSegment<Device>]
    switch leader.level {
    case -1: segments = try linear(slots)
    case 0: segments = try striped(slots)
    case 1: segments = try mirror(slots)
    default: segments = try withRedundancy(slots)
    }
    guard let volume = Volume(name: name, segments: segments) else {
      throw .badGeometry(
        level: leader.level, chunkByteCount: leader.chunkByteCount)
    }
    return volume
  }

  /// The members in their order; those that know too little are left out, as Linux does it: one
  /// change less is what a crash leaves behind.
  private mutating func slots() throws(RaidError) -> [RaidMember<Device>?] {
    var slots = [RaidMember<Device>?](repeating: nil, count: leader.memberCount)
    for member in members {
      let block = member.superblock
      guard case .active(let index) = block.role else {
        if case .unused(let reason) = block.role {
          remarks.append("\(name): \(member.volume.name) is \(reason)")
        }
        continue
      }
      guard block.events >= leader.events || leader.events - block.events <= 1 else {
        remarks.append(
          "\(name): \(member.volume.name) is left out: it knows \(block.events) of "
            + "\(leader.events) changes")
        continue
      }
      guard block.level == leader.level, block.layout == leader.layout,
        block.chunkByteCount == leader.chunkByteCount, block.memberCount == leader.memberCount,
        block.usedByteCount == leader.usedByteCount, index < slots.count
      else { throw .membersDiffer }
      if let other = slots[index], other.superblock.events >= block.events {
        remarks.append(
          "\(name): \(member.volume.name) is left out: \(other.volume.name) is the same member")
        continue
      }
      slots[index] = member
    }
    return slots
  }

  private var badGeometry: RaidError {
    .badGeometry(level: leader.level, chunkByteCount: leader.chunkByteCount)
  }

  private func missing(_ slots: [RaidMember<Device>?]) -> RaidError {
    .missingMembers(
      level: leader.level, present: slots.filter { $0 != nil }.count, of: slots.count)
  }

  /// All members as far as they can be used, one of them for each slot; throws if one is missing.
  private func all(_ slots: [RaidMember<Device>?]) throws(RaidError) -> [Volume<Device>] {
    var result: [Volume<Device>] = []
    for slot in slots {
      guard let slot else { throw missing(slots) }
      guard let data = slot.data else { throw badGeometry }
      result.append(data)
    }
    return result
  }

  /// The whole chunks of a member.
  private func usable(_ byteCount: UInt64) -> UInt64 {
    let chunk = leader.chunkByteCount
    return chunk == 0 ? byteCount : byteCount - byteCount % chunk
  }

  private func part(
    _ volume: Volume<Device>, _ count: UInt64, at byteOffset: UInt64 = 0
  ) throws(RaidError) -> [VolumeSegment<Device>] {
    guard let segments = volume.segments(at: byteOffset, count: count) else { throw badGeometry }
    return segments
  }

  /// One member after the other (`drivers/md/md-linear.c`).
  private func linear(
    _ slots: [RaidMember<Device>?]
  ) throws(RaidError) -> [VolumeSegment<Device>] {
    var result: [VolumeSegment<Device>] = []
    for volume in try all(slots) { result += try part(volume, usable(volume.byteCount)) }
    return result
  }

  /// The member of a mirror that knows most.
  private func mirror(
    _ slots: [RaidMember<Device>?]
  ) throws(RaidError) -> [VolumeSegment<Device>] {
    var best: RaidMember<Device>?
    for case .some(let slot) in slots {
      if let known = best, known.superblock.events >= slot.superblock.events { continue }
      best = slot
    }
    guard let best else { throw missing(slots) }
    guard let data = best.data else { throw badGeometry }
    return try part(data, leader.usedByteCount)
  }

  /// RAID 0: while all members have room, chunks go round among all; after the end of the smallest
  /// among the others, and so on (`create_strip_zones`).
  private func striped(
    _ slots: [RaidMember<Device>?]
  ) throws(RaidError) -> [VolumeSegment<Device>] {
    let volumes = try all(slots)
    let chunk = leader.chunkByteCount
    guard chunk >= StripeLayout.chunkByteCountMin else { throw badGeometry }
    var ends: [UInt64] = []
    for volume in volumes where !ends.contains(usable(volume.byteCount)) {
      ends.append(usable(volume.byteCount))
    }
    ends.sort()
    // The layout counts a zone's chunks from the array's start (1) or from the zone's (2).
    if ends.count > 1, leader.layout != 1, leader.layout != 2 { throw .unknownZoneLayout }
    var result: [VolumeSegment<Device>] = []
    var start: UInt64 = 0
    var chunksBefore: UInt64 = 0
    for end in ends where end > start {
      var zone: [Volume<Device>?] = []
      for volume in volumes where usable(volume.byteCount) >= end {
        guard let part = Volume(volume, name: volume.name, at: start, count: end - start) else {
          throw badGeometry
        }
        zone.append(part)
      }
      if leader.layout == 1 {
        let turn = Int(chunksBefore % UInt64(zone.count))
        zone = Array(zone[turn...] + zone[..<turn])
      }
      guard
        let layout = StripeLayout(
          .none, memberCount: zone.count, chunkByteCount: chunk, memberByteCount: end - start)
      else { throw badGeometry }
      guard let set = StripedSet(zone, layout) else { throw .tooDeep }
      result.append(VolumeSegment(.striped(set), at: 0, byteCount: set.byteCount))
      chunksBefore &+= set.byteCount / chunk
      start = end
    }
    return result
  }

  /// RAID 4, 5, 6 and 10.
  private func withRedundancy(
    _ slots: [RaidMember<Device>?]
  ) throws(RaidError) -> [VolumeSegment<Device>] {
    guard
      let layout = StripeLayout(
        try redundancy(), memberCount: slots.count, chunkByteCount: leader.chunkByteCount,
        memberByteCount: leader.usedByteCount)
    else { throw badGeometry }
    var volumes: [Volume<Device>?] = []
    for slot in slots {
      let data = slot?.data
      if slot != nil, data.map({ $0.byteCount < usable(leader.usedByteCount) }) ?? true {
        throw badGeometry
      }
      volumes.append(data)
    }
    guard let set = StripedSet(volumes, layout) else {
      // The sizes were checked, so too many are missing, or it is too deep.
      throw volumes.allSatisfy({ $0 != nil }) ? .tooDeep : missing(slots)
    }
    return [VolumeSegment(.striped(set), at: 0, byteCount: set.byteCount)]
  }

  private func redundancy() throws(RaidError) -> StripeLayout.Redundancy {
    let code = leader.layout
    let unsupported = RaidError.unsupportedLayout(level: leader.level, layout: code)
    switch leader.level {
    case 4: return .parity(.parityLast)
    case 10:
      // Bits from 17 on are far copies within sets of members.
      guard code >> 17 == 0 else { throw unsupported }
      return .copies(
        near: Int(code & 0xff), far: Int(code >> 8 & 0xff), isOffset: code >> 16 & 1 == 1)
    default:
      guard let rotation = ParityRotation(rawValue: code) else { throw unsupported }
      if leader.level == 6 { return .doubleParity(rotation) }
      guard !rotation.isForDoubleParityOnly else { throw unsupported }
      return .parity(rotation)
    }
  }
}
