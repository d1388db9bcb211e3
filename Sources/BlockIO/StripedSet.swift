// SPDX-License-Identifier: GPL-2.0-or-later

/// The members of an array, some of which may be missing, and how its bytes lie on them.
public struct StripedSet<Device: BlockDevice> {
  /// The members in their order; nil for one that is missing.
  public let members: [Volume<Device>?]
  /// How the bytes lie on them.
  public let layout: StripeLayout

  /// The array of `members`. Nil unless every byte can be read or computed, and each member has
  /// the bytes that the layout uses.
  public init?(_ members: [Volume<Device>?], _ layout: StripeLayout) {
    guard members.count == layout.memberCount else { return nil }
    // What the layout multiplied out is not less than this.
    let used = layout.memberChunkCount * layout.chunkByteCount
    var missing = 0
    for member in members {
      if let member {
        guard member.byteCount >= used, member.depth < VolumeLimits.depthMax else { return nil }
      } else {
        missing += 1
      }
    }
    switch layout.redundancy {
    case .none, .parity, .doubleParity:
      guard missing <= layout.missingCountMax else { return nil }
    case .copies:
      // Where the copies are repeats after as many chunks as there are members.
      for chunk in 0..<UInt64(layout.memberCount) {
        let place = layout.place(ofChunk: chunk) { members[$0] != nil }
        guard members[place.member] != nil else { return nil }
      }
    }
    self.members = members
    self.layout = layout
  }

  /// The bytes of data.
  public var byteCount: UInt64 { layout.byteCount }

  /// Appends where a range inside the array is. Ranges of members that are missing are computed.
  func appendPieces(
    at byteOffset: UInt64, byteCount: UInt64, to pieces: inout [VolumePiece<Device>]
  ) {
    var position = byteOffset
    var rest = byteCount
    while rest > 0 {
      let inChunk = position % layout.chunkByteCount
      let count = min(rest, layout.chunkByteCount - inChunk)
      let place = layout.place(ofChunk: position / layout.chunkByteCount) { members[$0] != nil }
      let offset = place.chunk &* layout.chunkByteCount &+ inChunk  // Inside the member.
      if let member = members[place.member] {
        member.appendPieces(at: offset, byteCount: count, to: &pieces)
      } else {
        pieces.append(
          .computed(
            ComputedRange(
              set: self, member: place.member, byteOffset: offset, byteCount: Int(count))))
      }
      position += count
      rest -= count
    }
  }
}

/// A part of a chunk whose member is missing, to be computed from the others.
public struct ComputedRange<Device: BlockDevice> {
  /// The array.
  let set: StripedSet<Device>
  /// The member that is missing.
  let member: Int
  /// Where the range is on each member.
  let byteOffset: UInt64
  /// Its length; at most a chunk.
  public let byteCount: Int
}
