// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What an array of md may be at most.
public enum RaidLimits {
  /// The most members.
  public static let memberCountMax = 384
}

/// Why an array of md can't be used.
public indirect enum RaidError: BootFailure {
  /// A superblock's checksum is wrong.
  case badChecksum(RaidFormat, stored: UInt32, computed: UInt32)
  /// A superblock lists more members than it has room for.
  case tooManyRoles(RaidFormat, UInt32)
  /// A superblock has feature flags that are not known here.
  case unknownFeatures(RaidFormat, UInt32)
  /// The number of members is 0 or over the limit.
  case badMemberCount(RaidFormat, UInt32)
  /// The data of a member is said to be outside it.
  case dataOutside(RaidFormat)
  /// The superblock was written by a big-endian machine.
  case bigEndian
  /// The level is not known here.
  case unsupportedLevel(Int32)
  /// The layout of the level is not known here.
  case unsupportedLayout(level: Int32, layout: UInt32)
  /// Members are being moved to another form.
  case reshaping
  /// Members of different sizes, and the superblock does not say how their chunks are counted.
  case unknownZoneLayout
  /// Chunk or sizes are not possible.
  case badGeometry(level: Int32, chunkByteCount: UInt64)
  /// Members say different things about the array, though they know the same changes.
  case membersDiffer
  /// Too few members are there.
  case missingMembers(level: Int32, present: Int, of: Int)
  /// Arrays stand on arrays too deeply.
  case tooDeep

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .badChecksum, .tooManyRoles, .badMemberCount, .dataOutside, .badGeometry, .membersDiffer:
      .corrupt
    case .unknownFeatures, .bigEndian, .unsupportedLevel, .unsupportedLayout, .reshaping,
      .unknownZoneLayout, .tooDeep:
      .unsupported
    case .missingMembers: .device
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .badChecksum(let format, let stored, let computed):
      "md superblock \(format.name): checksum \(hex: UInt64(stored)) instead of "
        + "\(hex: UInt64(computed))"
    case .tooManyRoles(let format, let count): "md superblock \(format.name): \(count) roles"
    case .unknownFeatures(let format, let flags):
      "md superblock \(format.name): unknown features \(hex: UInt64(flags))"
    case .badMemberCount(let format, let count):
      "md superblock \(format.name): an array of \(count) members"
    case .dataOutside(let format): "md superblock \(format.name): data outside the member"
    case .bigEndian: "md superblock 0.90: written by a big-endian machine"
    case .unsupportedLevel(let level): "RAID level \(level) is not supported"
    case .unsupportedLayout(let level, let layout):
      "RAID \(level): layout \(hex: UInt64(layout)) is not supported"
    case .reshaping: "a reshape of the array is under way"
    case .unknownZoneLayout:
      "RAID 0 of members of different sizes whose layout is not recorded"
    case .badGeometry(let level, let chunk):
      "\(Self.name(ofLevel: level)): chunks of \(chunk) bytes do not fit the members"
    case .membersDiffer: "the members say different things about the array"
    case .missingMembers(let level, let present, let count):
      "\(Self.name(ofLevel: level)): only \(present) of \(count) members are there"
    case .tooDeep: "arrays stand on arrays too deeply"
    }
  }

  /// The name of a level: `linear`, `RAID 5`.
  static func name(ofLevel level: Int32) -> ByteString {
    level == -1 ? "linear RAID" : "RAID \(level)"
  }
}
