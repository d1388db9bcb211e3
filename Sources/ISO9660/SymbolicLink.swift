// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The target of a symbolic link, put together from the components in SL entries (RRIP 1.12,
/// section 4.1.3).
struct SymbolicLink {
  private var target: ByteString = ""
  /// Whether a slash goes in front of the next component.
  private var needsSlash = false
  /// Whether the entries so far announce another one.
  private var isContinued = true
  /// Whether any entry was taken.
  private(set) var isPresent = false

  /// Takes an SL entry; others do nothing.
  mutating func take(_ entry: SystemUseEntry) throws(ISO9660Error) {
    guard entry.signature == SystemUseEntry.Signature.symbolicLink else { return }
    guard isContinued, let flags = entry.data.u8(at: 0) else { throw .badLink(entry.place) }
    isPresent = true
    isContinued = flags & 1 != 0
    var offset = 1
    // Each turn takes two bytes at least of an entry, which has 255 at most.
    while offset < entry.data.count {
      guard let flags = entry.data.u8(at: offset), let count = entry.data.u8(at: offset + 1),
        let text = entry.data.string(at: offset + 2, count: Int(count))
      else { throw .badLink(entry.place) }
      try append(text, flags: flags, entry.place)
      offset += 2 + Int(count)
    }
  }

  /// The whole target. Throws if it was announced to go on, or is empty.
  func finish(_ place: ISO9660Structure) throws(ISO9660Error) -> ByteString {
    guard isPresent, !isContinued, !target.isEmpty else { throw .badLink(place) }
    return target
  }

  private mutating func append(
    _ text: ByteString, flags: UInt8, _ place: ISO9660Structure
  ) throws(ISO9660Error) {
    let component: ByteString
    switch flags & 0xfe {
    case 0: component = text
    case 2: component = "."
    case 4: component = ".."
    case 8: component = "/"
    case 0x10: throw .unsupportedFile(place, feature: "a link to where the volume is mounted")
    case 0x20: throw .unsupportedFile(place, feature: "a link to a host")
    default: throw .badLink(place)
    }
    guard !component.bytes.contains(0) else { throw .badLink(place) }
    if needsSlash { target.append(ASCII.slash) }
    target += component
    // The root brings its slash, and the rest of a component goes on where it was cut.
    needsSlash = flags & 8 == 0 && flags & 1 == 0
    guard target.count <= ISO9660Limits.linkByteCount else { throw .linkTooLong(place) }
  }
}
