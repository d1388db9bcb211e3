// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A range of logical addresses and where it is on the devices (`struct btrfs_chunk`: a head of 48
/// bytes, then 32 bytes for each stripe).
struct Chunk {
  static let headByteCount = 48
  static let stripeByteCount = 32
  /// The bytes that are on one device before the next one's turn comes (`BTRFS_STRIPE_LEN`).
  static let unitByteCount: UInt64 = 65536

  /// A part of a chunk on one device.
  struct Stripe {
    let deviceID: UInt64
    /// Where it begins on the device, in bytes.
    let byteOffset: UInt64
  }

  let logical: UInt64
  let byteCount: UInt64
  let profile: Profile
  let stripes: [Stripe]

  /// Where the chunk ends; this fits.
  var end: UInt64 { logical + byteCount }

  /// Decodes and checks what begins `view`, which may go on after it.
  init(_ view: ByteView, logical: UInt64) throws(BtrfsError) {
    let place = BtrfsStructure.chunk(logical)
    guard let byteCount = view.u64(at: 0), let unit = view.u64(at: 16),
      let type = view.u64(at: 24), let stripeCount = view.u16(at: 44),
      let subStripeCount = view.u16(at: 46)
    else { throw .badField(place, field: "size", value: UInt64(view.count)) }
    guard byteCount > 0, Checked.sum(logical, byteCount) != nil else {
      throw .badField(place, field: "length", value: byteCount)
    }
    guard unit == Self.unitByteCount else {
      throw .badField(place, field: "stripe_len", value: unit)
    }
    let profile = try Profile(type: type)
    guard profile.allows(stripeCount: Int(stripeCount)),
      Int(stripeCount) <= BtrfsLimits.stripeCount
    else { throw .badField(place, field: "num_stripes", value: UInt64(stripeCount)) }
    guard profile != .raid10 || subStripeCount == 2 else {
      throw .badField(place, field: "sub_stripes", value: UInt64(subStripeCount))
    }
    var stripes: [Stripe] = []
    for index in 0..<Int(stripeCount) {
      let offset = Self.headByteCount + index * Self.stripeByteCount
      guard view.count >= offset + Self.stripeByteCount, let id = view.u64(at: offset),
        let start = view.u64(at: offset + 8)
      else { throw .badField(place, field: "num_stripes", value: UInt64(stripeCount)) }
      stripes.append(Stripe(deviceID: id, byteOffset: start))
    }
    self.logical = logical
    self.byteCount = byteCount
    self.profile = profile
    self.stripes = stripes
  }

  /// How many bytes the item of this chunk takes.
  var itemByteCount: Int { Self.headByteCount + stripes.count * Self.stripeByteCount }

  /// Where the byte at `offset` of the chunk is: the copies of it, best first, each a stripe and
  /// a byte in it, and how many bytes go on from there on the same devices.
  func place(of offset: UInt64) -> (copies: Range<Int>, inStripe: UInt64, byteCount: UInt64) {
    let dataCount = UInt64(profile.dataCount(of: stripes.count))
    // Parity over one stripe of data is that data.
    if dataCount == 1 { return (0..<stripes.count, offset, byteCount - offset) }
    let turn = offset / Self.unitByteCount
    let inUnit = offset % Self.unitByteCount
    let row = turn / dataCount
    let first: Int
    var copyCount = 1
    switch profile {
    case .single, .mirrored, .raid0: first = Int(turn % dataCount)
    case .raid10:
      // Pairs of stripes with the same contents.
      first = 2 * Int(turn % dataCount)
      copyCount = 2
    case .parity:
      // In each row the data begins one device further on, and the parity follows it.
      first = Int((row + turn % dataCount) % UInt64(stripes.count))
    }
    // A chunk need not end with a unit.
    return (
      first..<first + copyCount, row * Self.unitByteCount + inUnit,
      min(Self.unitByteCount - inUnit, byteCount - offset)
    )
  }
}

/// How a chunk is spread over its stripes (`BTRFS_BLOCK_GROUP_*`).
enum Profile: Equatable {
  /// One stripe.
  case single
  /// All stripes are the same: dup, raid1, raid1c3 and raid1c4.
  case mirrored
  /// Stripes in turn.
  case raid0
  /// Pairs of the same stripes in turn.
  case raid10
  /// Stripes in turn, one or two of a row with parity: raid5 and raid6.
  case parity(Int)

  /// The profile in a chunk's type, whose lowest three bits say what is in the chunk.
  init(type: UInt64) throws(BtrfsError) {
    switch type & ~7 {
    case 0: self = .single
    case 0x8: self = .raid0
    case 0x10, 0x20, 0x200, 0x400: self = .mirrored
    case 0x40: self = .raid10
    case 0x80: self = .parity(1)
    case 0x100: self = .parity(2)
    default: throw .unsupportedFeature("block group type \(hex: type)")
    }
  }

  /// How many of `stripeCount` stripes have different data.
  func dataCount(of stripeCount: Int) -> Int {
    switch self {
    case .single, .raid0: stripeCount
    case .mirrored: 1
    case .raid10: stripeCount / 2
    case .parity(let count): stripeCount - count
    }
  }

  /// Whether a chunk may have that many stripes.
  func allows(stripeCount: Int) -> Bool {
    switch self {
    case .single: stripeCount == 1
    case .mirrored, .raid0: stripeCount >= 1
    case .raid10: stripeCount >= 2 && stripeCount % 2 == 0
    case .parity(let count): stripeCount > count
    }
  }
}
