// SPDX-License-Identifier: GPL-2.0-or-later

/// Names stored in UTF-16 or its older half, UCS-2.
public enum UTF16Text {
  /// The units as UTF-8. Halves of surrogate pairs become U+FFFD.
  public static func decode(_ units: [UInt16]) -> ByteString {
    var result: [UInt8] = []
    var high: UInt32?
    for unit in units {
      let value = UInt32(unit)
      if let first = high {
        high = nil
        if value & 0xfc00 == 0xdc00 {
          append(0x10000 + (first & 0x3ff) << 10 + (value & 0x3ff), to: &result)
          continue
        }
        append(0xfffd, to: &result)
      }
      if value & 0xfc00 == 0xd800 {
        high = value
      } else {
        append(value & 0xfc00 == 0xdc00 ? 0xfffd : value, to: &result)
      }
    }
    if high != nil { append(0xfffd, to: &result) }
    return ByteString(result)
  }

  /// `unitCount` units at `offset` with the low byte first, up to the first zero.
  public static func decode(_ view: ByteView, at offset: Int, unitCount: Int) -> ByteString {
    var units: [UInt16] = []
    for index in 0..<unitCount {
      guard let unit = view.u16(at: offset + 2 * index), unit != 0 else { break }
      units.append(unit)
    }
    return decode(units)
  }

  private static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    func part(_ shift: UInt32, _ mask: UInt32, _ mark: UInt8) -> UInt8 {
      mark | UInt8(truncatingIfNeeded: scalar >> shift & mask)
    }
    switch scalar {
    case ..<0x80: bytes.append(part(0, 0x7f, 0))
    case ..<0x800: bytes += [part(6, 0x1f, 0xc0), part(0, 0x3f, 0x80)]
    case ..<0x10000:
      bytes += [part(12, 0x0f, 0xe0), part(6, 0x3f, 0x80), part(0, 0x3f, 0x80)]
    default:
      bytes += [
        part(18, 0x07, 0xf0), part(12, 0x3f, 0x80), part(6, 0x3f, 0x80), part(0, 0x3f, 0x80),
      ]
    }
  }
}
