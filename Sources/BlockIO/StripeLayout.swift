// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How the bytes of an array lie on its members, chunk by chunk: RAID 0, 4, 5, 6 and 10 as Linux
/// has them (`drivers/md/raid0.c`, `raid5.c`, `raid10.c`). Arithmetic only: it does not know
/// which members exist.
public struct StripeLayout: Equatable, Sendable {
  /// What is stored beside the data.
  public enum Redundancy: Equatable, Sendable {
    /// Nothing: RAID 0.
    case none
    /// Each chunk `near` times side by side, and all of that `far` times further on: RAID 10. With
    /// `isOffset` the far copies are in the next stripe, else in the next of `far` parts.
    case copies(near: Int, far: Int, isOffset: Bool)
    /// One parity chunk a stripe: RAID 4 and 5.
    case parity(ParityRotation)
    /// A parity and a syndrome chunk a stripe: RAID 6.
    case doubleParity(ParityRotation)
  }

  /// The smallest chunk, in bytes: a page, as for Linux.
  public static let chunkByteCountMin: UInt64 = 4096

  /// The largest chunk, in bytes.
  public static let chunkByteCountMax: UInt64 = 1 << 30

  /// The most members of an array.
  public static let memberCountMax = 384

  /// The most members with a syndrome: each has another power of 2, of which there are 255.
  public static let doubleParityMemberCountMax = 255

  /// The bytes that lie together on a member.
  public let chunkByteCount: UInt64
  /// The number of members, those that are not there included.
  public let memberCount: Int
  /// The chunks of each member that are used.
  public let memberChunkCount: UInt64
  /// What is stored beside the data.
  public let redundancy: Redundancy
  /// The bytes of data in all.
  public let byteCount: UInt64

  /// The layout of members of `memberByteCount` bytes each, of which whole chunks are used. Nil if
  /// there are too few or too many members, or a number is out of its range.
  public init?(
    _ redundancy: Redundancy, memberCount: Int, chunkByteCount: UInt64, memberByteCount: UInt64
  ) {
    guard memberCount > 0, memberCount <= Self.memberCountMax,
      chunkByteCount >= Self.chunkByteCountMin, chunkByteCount <= Self.chunkByteCountMax,
      chunkByteCount % 512 == 0
    else { return nil }
    let count = memberByteCount / chunkByteCount
    let members = UInt64(memberCount)
    let chunks: UInt64?
    switch redundancy {
    case .none: chunks = Checked.product(count, members)
    case .copies(let near, let far, _):
      guard near > 0, far > 0, near <= memberCount, far <= memberCount / near else { return nil }
      chunks = Checked.product(count / UInt64(far), members).map { $0 / UInt64(near) }
    case .parity(let rotation):
      guard memberCount >= 2, !rotation.isForDoubleParityOnly else { return nil }
      chunks = Checked.product(count, members - 1)
    case .doubleParity:
      guard memberCount >= 4, memberCount <= Self.doubleParityMemberCountMax else { return nil }
      chunks = Checked.product(count, members - 2)
    }
    guard let chunks, let byteCount = Checked.product(chunks, chunkByteCount) else { return nil }
    self.redundancy = redundancy
    self.memberCount = memberCount
    self.chunkByteCount = chunkByteCount
    self.byteCount = byteCount
    memberChunkCount = count
  }

  /// Where a chunk of data is stored.
  public struct Place: Equatable, Sendable {
    /// The member.
    public var member: Int
    /// The chunk on that member.
    public var chunk: UInt64
  }

  /// Where the data of chunk `index`, which is in the array, is stored: the first copy that
  /// `isPresent` likes, or the first of all.
  public func place(ofChunk index: UInt64, _ isPresent: (Int) -> Bool) -> Place {
    let members = UInt64(memberCount)
    switch redundancy {
    case .none: return Place(member: Int(index % members), chunk: index / members)
    case .parity, .doubleParity:
      let stripe = index / UInt64(dataCount)
      let member = dataMember(Int(index % UInt64(dataCount)), ofStripe: stripe)
      return Place(member: member, chunk: stripe)
    case .copies(let near, let far, let isOffset):
      return copy(ofChunk: index, near: near, far: far, isOffset: isOffset, isPresent)
    }
  }

  /// The copies of a chunk: `near` members in a row, where the row may go on in the next stripe,
  /// and each of them again `near` members further on (`__raid10_find_phys`).
  private func copy(
    ofChunk index: UInt64, near: Int, far: Int, isOffset: Bool, _ isPresent: (Int) -> Bool
  ) -> Place {
    let members = UInt64(memberCount)
    let first = index &* UInt64(near)  // Of a chunk in the array: no more than all chunks stored.
    var stripe = first / members
    if isOffset { stripe &*= UInt64(far) }  // The same.
    var member = Int(first % members)
    let stride = isOffset ? 1 : farStride(near: near, far: far)
    let result = Place(member: member, chunk: stripe)
    for _ in 0..<near {
      for distance in 0..<far {
        let other = (member + distance * near) % memberCount
        if isPresent(other) {
          return Place(member: other, chunk: stripe &+ UInt64(distance) &* stride)
        }
      }
      member += 1
      if member == memberCount {
        member = 0
        stripe &+= 1
      }
    }
    return result
  }

  /// The chunks of a member from one far copy to the next (`setup_geo` and `calc_sectors`).
  private func farStride(near: Int, far: Int) -> UInt64 {
    let members = UInt64(memberCount)
    let data = memberChunkCount / UInt64(far) &* members / UInt64(near)
    // At most all chunks that there are, which `init` has multiplied out.
    let stored = data &* UInt64(near) &* UInt64(far)
    return (stored &+ members - 1) / members / UInt64(far)
  }

  /// The members whose chunks of one stripe are data.
  var dataCount: Int {
    switch redundancy {
    case .none, .copies: memberCount
    case .parity: memberCount - 1
    case .doubleParity: memberCount - 2
    }
  }

  /// The most members that can be missing, whichever they are.
  public var missingCountMax: Int {
    switch redundancy {
    case .none: 0
    case .copies(let near, let far, _): near * far - 1
    case .parity: 1
    case .doubleParity: 2
    }
  }
}
