// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Names as they are stored.
enum NameText {
  /// The units of UTF-16 of a name in UTF-8; nil if it is none, or longer than names can be.
  static func units(of name: ByteString) -> [UInt16]? {
    let bytes = name.bytes
    var result: [UInt16] = []
    var index = 0
    while index < bytes.count {
      let first = UInt32(bytes[index])
      let more: Int
      var scalar: UInt32
      switch first {
      case ..<0x80: (more, scalar) = (0, first)
      case 0xc2..<0xe0: (more, scalar) = (1, first & 0x1f)
      case 0xe0..<0xf0: (more, scalar) = (2, first & 0x0f)
      case 0xf0..<0xf5: (more, scalar) = (3, first & 0x07)
      default: return nil
      }
      guard more < bytes.count - index else { return nil }
      for offset in 0..<more {
        let next = UInt32(bytes[index + 1 + offset])
        guard next & 0xc0 == 0x80 else { return nil }
        scalar = scalar << 6 | next & 0x3f
      }
      index += 1 + more
      if scalar < 0x10000 {
        result.append(UInt16(scalar))
      } else {
        guard scalar < 0x11_0000 else { return nil }
        result.append(UInt16(0xd800 | (scalar - 0x10000) >> 10))
        result.append(UInt16(0xdc00 | scalar & 0x3ff))
      }
      guard result.count <= ExFATLimits.nameUnitCount else { return nil }
    }
    return result
  }
}
