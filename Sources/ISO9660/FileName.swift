// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Where a directory's names come from, the best first.
enum NameKind: Equatable {
  /// Rock Ridge: POSIX names, compared byte by byte.
  case rockRidge
  /// Joliet: UCS-2 of its own directory tree.
  case joliet
  /// ISO 9660's own: capitals, and a version after a semicolon.
  case plain
}

/// Names as Linux shows them.
enum FileName {
  /// ISO 9660's own name as Linux shows it by default (`map=normal`): in lower case, without
  /// `;1` and a full stop before it, other semicolons and slashes as full stops.
  static func plain(_ identifier: ByteView) -> ByteString {
    var bytes = Array(identifier.bytes.prefix { $0 != 0 })
    if bytes.suffix(2) == [0x3b, 0x31] {
      bytes.removeLast(2)
      if bytes.last == 0x2e { bytes.removeLast() }
    }
    for index in bytes.indices {
      let byte = bytes[index]
      bytes[index] = byte == 0x3b || byte == ASCII.slash ? 0x2e : ASCII.lowercased(byte)
    }
    return ByteString(bytes)
  }

  /// The name of Joliet as UTF-8, without `;1` and full stops at the end.
  static func joliet(_ identifier: ByteView) -> ByteString {
    var name = joliet(identifier, in: identifier.count)
    if name.count > 2, name.hasSuffix(";1") { name.bytes.removeLast(2) }
    while name.count > 1, name.bytes.last == 0x2e { name.bytes.removeLast() }
    return name
  }

  /// UCS-2 with the high byte first, up to a zero.
  static func joliet(_ view: ByteView, in byteCount: Int) -> ByteString {
    var units: [UInt16] = []
    for index in 0..<byteCount / 2 {
      guard let unit = view.u16BigEndian(at: 2 * index), unit != 0 else { break }
      units.append(unit)
    }
    return UTF16Text.decode(units)
  }

  /// Whether a name can be one of a path.
  static func isUsable(_ name: ByteString) -> Bool {
    !name.isEmpty && !name.bytes.contains(ASCII.slash) && !name.bytes.contains(0)
  }
}
