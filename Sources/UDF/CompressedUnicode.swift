// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Names and labels in OSTA Compressed Unicode (UDF 2.60, 2.1.1): a byte that says how long a
/// character is, and the characters with their high byte first.
enum CompressedUnicode {
  /// The characters as UTF-8; nil if the first byte is of no known kind. Of an odd number of bytes
  /// in characters of two the last one is dropped.
  static func decode(_ view: ByteView) -> ByteString? {
    guard let kind = view.u8(at: 0) else { return "" }
    var units: [UInt16] = []
    switch kind {
    case 8, 254:
      for byte in view.bytes.dropFirst() { units.append(UInt16(byte)) }
    case 16, 255:
      var offset = 1
      while let unit = view.u16BigEndian(at: offset) {
        units.append(unit)
        offset += 2
      }
    default: return nil
    }
    return UTF16Text.decode(units)
  }

  /// A field of fixed size, whose last byte is the number of bytes in use (UDF 2.60, 2.1.3), up to
  /// the first zero; empty if it can't be read.
  static func field(_ view: ByteView, at offset: Int, count: Int) -> ByteString {
    guard let used = view.u8(at: offset + count - 1), used > 1, Int(used) < count,
      let text = view.slice(at: offset, count: Int(used)), let decoded = decode(text)
    else { return "" }
    return ByteString(decoded.bytes.prefix { $0 != 0 })
  }
}
