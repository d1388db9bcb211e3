// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A pattern of `loader.conf` (loader.conf(5), `default`): `*`, `?` and `[set]`, without regard to
/// case, like the file names of an EFI system partition.
struct GlobPattern {
  private var elements: [Wildcard] = []

  /// A pattern; one that is too long matches nothing.
  init(_ text: ByteString) {
    guard text.count <= MenuLimits.patternByteCountMax else { return }
    let pattern = text.lowercased.bytes
    let lastEnd = pattern.lastIndex(of: 0x5d) ?? -1
    var rest = pattern[...]
    while let byte = rest.popFirst() {
      switch byte {
      case 0x2a: elements.append(.any)
      case 0x3f: elements.append(.one)
      case 0x5b where rest.startIndex <= lastEnd:
        let set = rest.prefix { $0 != 0x5d }
        elements.append(.set(Self.bytes(set)))
        rest = rest.dropFirst(set.count + 1)
      // A trailing backslash escapes nothing and matches nothing.
      case 0x5c: elements.append(rest.popFirst().map { .byte($0) } ?? .set(ByteSet()))
      default: elements.append(.byte(byte))
      }
    }
  }

  /// Whether the whole name matches.
  func matches(_ name: ByteString, _ work: MenuWork) -> Bool {
    Wildcard.matches(elements[...], name.lowercased, work)
  }

  /// The bytes of a set such as `a-z0`.
  private static func bytes(_ set: ArraySlice<UInt8>) -> ByteSet {
    var result = ByteSet()
    var rest = set
    while let first = rest.popFirst() {
      if rest.count >= 2, rest.first == 0x2d, let last = rest.dropFirst().first {
        if first <= last { result.insert(first...last) }
        rest = rest.dropFirst(2)
      } else {
        result.insert(first...first)
      }
    }
    return result
  }
}
