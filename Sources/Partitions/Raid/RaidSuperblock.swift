// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// The form and place of md's superblock.
public enum RaidFormat: Equatable, Sendable {
  /// 0.90: 64 to 128 KiB before the end.
  case old
  /// 1.0: 8 to 12 KiB before the end.
  case atEnd
  /// 1.1: at the start.
  case atStart
  /// 1.2: 4 KiB after the start. The usual one.
  case behindStart

  /// The name as mdadm writes it.
  public var name: ByteString {
    switch self {
    case .old: "0.90"
    case .atEnd: "1.0"
    case .atStart: "1.1"
    case .behindStart: "1.2"
    }
  }

  /// Whether the array's data begins where its member does, so that a member of a mirror looks like
  /// the array itself.
  public var hasDataAtStart: Bool { self == .old || self == .atEnd }

  /// Where the superblock is on a volume of `byteCount` bytes; nil if it has no room for one.
  func byteOffset(onVolumeOf byteCount: UInt64) -> UInt64? {
    switch self {
    case .old:
      let unit: UInt64 = 64 * 1024
      return byteCount >= 2 * unit ? byteCount / unit * unit - unit : nil
    case .atEnd:
      return byteCount >= 16 * 1024 ? (byteCount / 512 - 16) / 8 * 8 * 512 : nil
    case .atStart: return byteCount >= 4096 ? 0 : nil
    case .behindStart: return byteCount >= 8192 ? 4096 : nil
    }
  }
}

/// What a member is in its array.
public enum RaidRole: Equatable, Sendable {
  /// Member `index`, with all of its data.
  case active(Int)
  /// Of no use now, for the reason given.
  case unused(ByteString)
}

/// What md's superblock on a member says (Linux, `include/uapi/linux/raid/md_p.h`).
public struct RaidSuperblock: Equatable, Sendable {
  /// Its form.
  public let format: RaidFormat
  /// The array's identifier in hexadecimal, in the order in which mdadm prints it.
  public let identifier: ByteString
  /// The array's name, without the host in front of a colon; empty with 0.90.
  public let name: ByteString
  /// The number of the array's device when it was made, with 0.90.
  public let number: UInt32?
  /// -1 for linear, 0, 1, 4, 5, 6, 10, or one that is not known here.
  public let level: Int32
  /// How data lies on the members, in the level's own code.
  public let layout: UInt32
  /// The bytes of a chunk; 0 if there are none.
  public let chunkByteCount: UInt64
  /// The members of the array.
  public let memberCount: Int
  /// The bytes used on each member; 0 if each has its own.
  public let usedByteCount: UInt64
  /// Where the data begins on this member, in bytes.
  public let dataByteOffset: UInt64
  /// The bytes for data on this member.
  public let dataByteCount: UInt64
  /// The changes of the array's state that this member knows.
  public let events: UInt64
  /// What this member is.
  public let role: RaidRole
  /// Whether members are being moved to another form.
  public let isReshaping: Bool
  /// Whether writes go through a journal on another device.
  public let hasJournal: Bool

  static let magic: UInt32 = 0xa92b_4efc

  /// The superblock of `volume`; nil if it has none. Throws if what looks like one is damaged. A
  /// volume that can't be read has none.
  public static func read<Device: BlockDevice>(
    _ volume: Volume<Device>
  ) throws(RaidError) -> RaidSuperblock? {
    var damage: RaidError?
    for format in [RaidFormat.behindStart, .atStart, .atEnd, .old] {
      guard let place = format.byteOffset(onVolumeOf: volume.byteCount) else { continue }
      let bytes: [UInt8]
      do { bytes = try volume.read(at: place, count: 4096) } catch { continue }
      do throws(RaidError) {
        let view = ByteView(bytes)
        if let found = format == .old
          ? try RaidSuperblock(old: view, volumeByteCount: volume.byteCount)
          : try RaidSuperblock(view, format: format, at: place, volume.byteCount)
        {
          return found
        }
      } catch { damage = damage ?? error }
    }
    if let damage { throw damage }
    return nil
  }
}

extension RaidSuperblock {
  /// Flags of `feature_map`.
  private enum Feature {
    static let recovery: UInt32 = 2
    static let reshape: UInt32 = 4
    static let replacement: UInt32 = 16
    static let journal: UInt32 = 512
    /// All that are known: what others mean for where the data is can't be said.
    static let known: UInt32 = 0x1fff
  }

  /// A superblock of format 1.x (`struct mdp_superblock_1`); nil if there is none.
  private init?(
    _ view: ByteView, format: RaidFormat, at place: UInt64, _ volumeByteCount: UInt64
  ) throws(RaidError) {
    guard view.u32(at: 0) == Self.magic, view.u32(at: 4) == 1, let features = view.u32(at: 8),
      let identifier = view.slice(at: 16, count: 16),
      let name = view.terminatedString(at: 32, count: 32),
      let level = view.u32(at: 72), let layout = view.u32(at: 76), let size = view.u64(at: 80),
      let chunk = view.u32(at: 88), let memberCount = view.u32(at: 92),
      let dataStart = view.u64(at: 128), let dataSize = view.u64(at: 136),
      let ownPlace = view.u64(at: 144), let deviceNumber = view.u32(at: 160),
      let events = view.u64(at: 200), let checksum = view.u32(at: 216),
      let roleCount = view.u32(at: 220), ownPlace == place / 512
    else { return nil }
    guard roleCount <= (4096 - 256) / 2 else { throw .tooManyRoles(format, roleCount) }
    let computed = Self.checksum(view, byteCount: 256 + 2 * Int(roleCount), zeroedAt: 216)
    guard ChecksumRule.matches(checksum, computed) else {
      throw .badChecksum(format, stored: checksum, computed: computed)
    }
    guard features & ~Feature.known == 0 else { throw .unknownFeatures(format, features) }
    guard memberCount > 0, memberCount <= UInt32(RaidLimits.memberCountMax) else {
      throw .badMemberCount(format, memberCount)
    }
    guard let byteOffset = Checked.product(dataStart, 512),
      let byteCount = Checked.product(dataSize, 512), let used = Checked.product(size, 512),
      byteOffset <= volumeByteCount, byteCount <= volumeByteCount - byteOffset
    else { throw .dataOutside(format) }
    self.format = format
    self.identifier = Self.hexadecimal(identifier.bytes)
    let parts = name.split(on: 0x3a)
    self.name = parts.count > 1 ? name.dropFirst(parts[0].count + 1) : name
    number = nil
    self.level = Int32(bitPattern: level)
    self.layout = layout
    chunkByteCount = UInt64(chunk) * 512
    self.memberCount = Int(memberCount)
    usedByteCount = used
    dataByteOffset = byteOffset
    dataByteCount = byteCount
    self.events = events
    isReshaping = features & Feature.reshape != 0
    hasJournal = features & Feature.journal != 0
    let number = deviceNumber < roleCount ? view.u16(at: 256 + 2 * Int(deviceNumber)) : nil
    role = Self.role(number ?? 0xffff, of: memberCount, features: features)
  }

  private static func role(_ number: UInt16, of count: UInt32, features: UInt32) -> RaidRole {
    switch number {
    case 0xffff: .unused("a spare")
    case 0xfffe: .unused("marked as faulty")
    case 0xfffd: .unused("the array's journal")
    case _ where UInt32(number) >= count: .unused("member \(number) of \(count)")
    case _ where features & Feature.replacement != 0: .unused("a replacement")
    case _ where features & Feature.recovery != 0: .unused("not yet rebuilt")
    default: .active(Int(number))
    }
  }

  /// A superblock of format 0.90 (`struct mdp_superblock_s`), words of the machine that wrote it;
  /// nil if there is none.
  private init?(old view: ByteView, volumeByteCount: UInt64) throws(RaidError) {
    if view.u32BigEndian(at: 0) == Self.magic { throw .bigEndian }
    guard view.u32(at: 0) == Self.magic, view.u32(at: 4) == 0, let minor = view.u32(at: 8),
      let first = view.u32(at: 20), let level = view.u32(at: 28), let size = view.u32(at: 32),
      let memberCount = view.u32(at: 40), let number = view.u32(at: 44),
      let checksum = view.u32(at: 152), let events = view.u64(at: 156),
      let layout = view.u32(at: 256), let chunk = view.u32(at: 260),
      let slot = view.u32(at: 3968 + 12), let state = view.u32(at: 3968 + 16),
      let place = RaidFormat.old.byteOffset(onVolumeOf: volumeByteCount)
    else { return nil }
    let computed = Self.checksum(view, byteCount: 4096, zeroedAt: 152)
    guard ChecksumRule.matches(checksum, computed) else {
      throw .badChecksum(.old, stored: checksum, computed: computed)
    }
    guard memberCount > 0, memberCount <= UInt32(RaidLimits.memberCountMax) else {
      throw .badMemberCount(.old, memberCount)
    }
    var words = [first]
    for offset in [52, 56, 60] { words.append(view.u32(at: offset) ?? 0) }
    format = .old
    identifier = Self.hexadecimal(
      words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } })
    name = ""
    self.number = number
    self.level = Int32(bitPattern: level)
    self.layout = layout
    chunkByteCount = UInt64(chunk)
    self.memberCount = Int(memberCount)
    usedByteCount = UInt64(size) * 1024
    dataByteOffset = 0
    dataByteCount = place
    self.events = events
    // Minor 91 is a reshape's.
    isReshaping = minor >= 91
    hasJournal = false
    let flags = (isFaulty: state & 1 != 0, isActive: state & 2 != 0, isInSync: state & 4 != 0)
    if flags.isFaulty {
      role = .unused("marked as faulty")
    } else if !flags.isActive || !flags.isInSync {
      role = .unused("a spare")
    } else if slot >= memberCount {
      role = .unused("member \(slot) of \(memberCount)")
    } else {
      role = .active(Int(slot))
    }
  }

  /// The sum of the little-endian words, with the one at `zeroed` as 0 and a last half word, folded
  /// to 32 bits (`calc_sb_1_csum`).
  static func checksum(_ view: ByteView, byteCount: Int, zeroedAt zeroed: Int) -> UInt32 {
    var sum: UInt64 = 0
    var offset = 0
    while offset + 4 <= byteCount {
      if offset != zeroed { sum &+= UInt64(view.u32(at: offset) ?? 0) }
      offset += 4
    }
    if offset < byteCount { sum &+= UInt64(view.u16(at: offset) ?? 0) }
    return UInt32(truncatingIfNeeded: (sum & 0xffff_ffff) &+ sum >> 32)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> ByteString {
    var text: [UInt8] = []
    for byte in bytes { Numbers.appendHexadecimal(UInt64(byte), digitCountMin: 2, to: &text) }
    return ByteString(text)
  }
}

extension RaidSuperblock {
  /// Level and form, for people: `RAID 1, metadata 1.2`.
  public var description: ByteString {
    "\(RaidError.name(ofLevel: level)), metadata \(format.name)"
  }
}
