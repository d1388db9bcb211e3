// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Sectors of a device that a menu names in place of a file (GRUB manual, "Block list syntax"):
/// `512+1`, `1+1,5+2`, `+1` from the first sector on, `2048+` up to the device's end.
public struct BlockList: Equatable, Sendable {
  /// Sectors in a row.
  public struct Piece: Equatable, Sendable {
    /// The first one.
    public let sector: UInt64
    /// How many; nil for all up to the device's end. Never 0.
    public let sectorCount: UInt64?
  }

  /// GRUB's sectors, whatever the disk has.
  public static let sectorByteCount: UInt64 = 512

  /// The pieces in the order of the file's bytes; at least one.
  public let pieces: [Piece]

  /// Reads what a menu writes after the device; nil if it is a path, or no list that GRUB takes.
  public init?(_ text: ByteString) {
    guard let first = text.bytes.first, first == Self.plus || ASCII.isDigit(first) else {
      return nil
    }
    // What follows a blank is ignored, as in GRUB, if it has no comma.
    let list = text.bytes.prefix { !ASCII.isBlank($0) }
    guard list.count <= MenuLimits.blockListByteCountMax else { return nil }
    let parts = ByteString(list).split(on: Self.comma)
    guard parts.count <= MenuLimits.blockListPieceCountMax,
      !text.bytes.dropFirst(list.count).contains(Self.comma)
    else { return nil }
    var pieces: [Piece] = []
    for part in parts {
      guard let piece = Self.piece(part) else { return nil }
      pieces.append(piece)
    }
    guard !pieces.isEmpty else { return nil }
    self.pieces = pieces
  }

  private static let plus: UInt8 = 0x2b
  private static let comma: UInt8 = 0x2c

  private static func piece(_ text: ByteString) -> Piece? {
    guard let place = text.bytes.firstIndex(of: plus) else { return nil }
    let before = ByteString(text.bytes[..<place])
    let after = text.dropFirst(place + 1)
    guard let sector = before.isEmpty ? 0 : number(before) else { return nil }
    if after.isEmpty { return Piece(sector: sector, sectorCount: nil) }
    guard let count = number(after), count > 0 else { return nil }
    return Piece(sector: sector, sectorCount: count)
  }

  private static func number(_ text: ByteString) -> UInt64? {
    guard let number = ScriptNumber.whole(text), number != .max else { return nil }
    return UInt64(exactly: number)
  }

  /// Where the pieces are on a device of `byteCount` bytes, in bytes; nil if one of them is
  /// outside of it. Nil for pieces without sectors, too.
  public func ranges(
    onDeviceOf byteCount: UInt64
  ) -> [(byteOffset: UInt64, byteCount: UInt64)]? {
    let total = byteCount / Self.sectorByteCount
    var result: [(byteOffset: UInt64, byteCount: UInt64)] = []
    for piece in pieces {
      guard piece.sector < total else { return nil }
      let rest = total - piece.sector
      let count = piece.sectorCount ?? rest
      guard count <= rest else { return nil }
      // Both are below the device's size.
      result.append((piece.sector * Self.sectorByteCount, count * Self.sectorByteCount))
    }
    return result
  }
}
