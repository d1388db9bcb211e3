// SPDX-License-Identifier: GPL-2.0-or-later
import CMemory
import Testing

/// The image's memcpy, memmove and memset, for every length and every overlap around their steps.
struct MemoryTests {
  private static let counts = Array(0...200) + [255, 256, 257, 1000, 4095, 4096, 4097]

  private func numbered(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
  }

  @Test func copiesAnyLengthBetweenAnyPlaces() {
    for count in Self.counts {
      for (source, target) in [(0, 0), (1, 3), (15, 8), (7, 16)] {
        let from = numbered(count + 64)
        var to = [UInt8](repeating: 0xee, count: count + 64)
        var expected = to
        expected.replaceSubrange(target..<target + count, with: from[source..<source + count])
        to.withUnsafeMutableBytes { to in
          from.withUnsafeBytes { from in
            _ = tested_memcpy(
              to.baseAddress.map { $0 + target }, from.baseAddress.map { $0 + source }, count)
          }
        }
        #expect(to == expected, "\(count) bytes from \(source) to \(target)")
      }
    }
  }

  @Test func movesOverItselfInBothDirections() {
    for count in Self.counts {
      for distance in [-300, -65, -64, -17, -16, -15, -1, 0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 300] {
        var bytes = numbered(count + 700)
        var expected = bytes
        let moved = Array(bytes[320..<320 + count])
        expected.replaceSubrange(320 + distance..<320 + distance + count, with: moved)
        bytes.withUnsafeMutableBytes { bytes in
          _ = tested_memmove(
            bytes.baseAddress.map { $0 + 320 + distance }, bytes.baseAddress.map { $0 + 320 },
            count)
        }
        #expect(bytes == expected, "\(count) bytes by \(distance)")
      }
    }
  }

  @Test func fillsAnyLengthAndNothingElse() {
    for count in Self.counts {
      for start in [0, 1, 9] {
        var bytes = [UInt8](repeating: 1, count: count + 32)
        var expected = bytes
        for index in start..<start + count { expected[index] = 0xa5 }
        bytes.withUnsafeMutableBytes { bytes in
          _ = tested_memset(bytes.baseAddress.map { $0 + start }, 0x1a5, count)
        }
        #expect(bytes == expected, "\(count) bytes from \(start)")
      }
    }
  }
}
