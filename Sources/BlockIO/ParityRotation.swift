// SPDX-License-Identifier: GPL-2.0-or-later

/// Which members hold the parity of a stripe, and in which order the others hold its data. The
/// numbers are those of md's superblocks (Linux, `drivers/md/raid5.h`, `ALGORITHM_*`).
public enum ParityRotation: UInt32, Sendable {
  /// Parity moves from the last member to the first; data ascends around it.
  case leftAsymmetric = 0
  /// Parity moves from the first member to the last; data ascends around it.
  case rightAsymmetric = 1
  /// Parity moves from the last member to the first; data begins after it. The usual one.
  case leftSymmetric = 2
  /// Parity moves from the first member to the last; data begins after it.
  case rightSymmetric = 3
  /// Parity is on the first member.
  case parityFirst = 4
  /// Parity is on the last member, as in RAID 4.
  case parityLast = 5
  /// RAID 6 of the DDF standard: as `rightAsymmetric`, with other factors of the syndrome.
  case rotatingZeroRestart = 8
  /// RAID 6 of the DDF standard.
  case rotatingNRestart = 9
  /// RAID 6 of the DDF standard.
  case rotatingNContinue = 10
  /// RAID 5 with a syndrome on an additional last member.
  case leftAsymmetric6 = 16
  /// RAID 5 with a syndrome on an additional last member.
  case rightAsymmetric6 = 17
  /// RAID 5 with a syndrome on an additional last member.
  case leftSymmetric6 = 18
  /// RAID 5 with a syndrome on an additional last member.
  case rightSymmetric6 = 19
  /// RAID 5 with parity on the first and a syndrome on an additional last member.
  case parityFirst6 = 20

  /// Whether it says where a syndrome is.
  public var isForDoubleParityOnly: Bool { rawValue >= 8 }

  /// Whether the factor of a member in the syndrome is by its number, not by its rank.
  var hasFactorsByMember: Bool { rawValue >= 8 && rawValue <= 10 }

  /// Whether data begins after the parity.
  private var isSymmetric: Bool {
    switch self {
    case .leftSymmetric, .rightSymmetric, .rotatingNContinue, .leftSymmetric6, .rightSymmetric6:
      true
    default: false
    }
  }

  /// The member with the parity of a stripe, and that with its syndrome; `memberCount` is at least
  /// 2, and 4 with a syndrome (`raid5_compute_sector`).
  func parityMembers(
    ofStripe stripe: UInt64, memberCount count: Int, hasSyndrome: Bool
  ) -> (parity: Int, syndrome: Int?) {
    // Where the parity goes round among all but an additional member.
    let round = rawValue >= 16 ? count - 1 : count
    let step = Int(stripe % UInt64(round))
    let parity: Int
    switch self {
    case .leftAsymmetric, .leftSymmetric, .rotatingNContinue, .leftAsymmetric6, .leftSymmetric6:
      parity = round - 1 - step
    case .rightAsymmetric, .rightSymmetric, .rotatingZeroRestart, .rightAsymmetric6,
      .rightSymmetric6:
      parity = step
    case .rotatingNRestart: parity = round - 1 - (step + 1) % round
    case .parityFirst, .parityFirst6: parity = 0
    case .parityLast: parity = hasSyndrome ? count - 2 : count - 1
    }
    guard hasSyndrome else { return (parity, nil) }
    if rawValue >= 16 { return (parity, count - 1) }
    if self == .rotatingNContinue { return (parity, (parity + count - 1) % count) }
    return (parity, (parity + 1) % count)
  }

  /// The member where the search for data begins.
  func firstDataMember(parity: Int, memberCount: Int) -> Int {
    isSymmetric ? (parity + 1) % memberCount : 0
  }
}

extension StripeLayout {
  /// The members with parity and syndrome of a stripe; nil without parity.
  func parityMembers(ofStripe stripe: UInt64) -> (parity: Int, syndrome: Int?)? {
    switch redundancy {
    case .none, .copies: nil
    case .parity(let rotation):
      rotation.parityMembers(ofStripe: stripe, memberCount: memberCount, hasSyndrome: false)
    case .doubleParity(let rotation):
      rotation.parityMembers(ofStripe: stripe, memberCount: memberCount, hasSyndrome: true)
    }
  }

  private var rotation: ParityRotation? {
    switch redundancy {
    case .none, .copies: nil
    case .parity(let rotation), .doubleParity(let rotation): rotation
    }
  }

  /// The member that holds the data chunk `index` of a stripe.
  func dataMember(_ index: Int, ofStripe stripe: UInt64) -> Int {
    guard let rotation, let special = parityMembers(ofStripe: stripe) else { return index }
    var member = rotation.firstDataMember(parity: special.parity, memberCount: memberCount)
    var left = index
    while true {
      if member != special.parity, member != special.syndrome {
        if left == 0 { return member }
        left -= 1
      }
      member = (member + 1) % memberCount
    }
  }

  /// Which power of 2 each member's chunk of a stripe has in its syndrome; nil for parity and
  /// syndrome themselves (`raid6_idx_to_slot`).
  func syndromePowers(ofStripe stripe: UInt64) -> [Int?] {
    var powers = [Int?](repeating: nil, count: memberCount)
    guard let rotation, let special = parityMembers(ofStripe: stripe),
      let syndrome = special.syndrome
    else { return powers }
    var rank = 0
    for step in 1...memberCount {
      let member = (syndrome + step) % memberCount
      if member == special.parity || member == syndrome { continue }
      powers[member] = rotation.hasFactorsByMember ? member : rank
      rank += 1
    }
    return powers
  }
}
