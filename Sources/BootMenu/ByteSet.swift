// SPDX-License-Identifier: GPL-2.0-or-later

/// The bytes that a set in a pattern or a regular expression stands for: one bit for each.
struct ByteSet: Equatable {
  private var bits = InlineArray<4, UInt64>(repeating: 0)

  /// Adds all bytes of a range.
  mutating func insert(_ range: ClosedRange<UInt8>) {
    for byte in range { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
  }

  /// Makes the set stand for all other bytes.
  mutating func invert() {
    for index in bits.indices { bits[index] = ~bits[index] }
  }

  /// Whether a byte is in it.
  func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0 }

  static func == (left: ByteSet, right: ByteSet) -> Bool {
    left.bits.indices.allSatisfy { left.bits[$0] == right.bits[$0] }
  }
}
