// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A pattern of names, taken apart: what each of its places stands for.
enum Wildcard: Equatable {
  /// This byte.
  case byte(UInt8)
  /// Any number of bytes.
  case any
  /// One byte.
  case one
  /// One byte of these.
  indirect case set(ByteSet)

  private func fits(_ byte: UInt8) -> Bool {
    switch self {
    case .byte(let own): own == byte
    case .one: true
    case .set(let set): set.contains(byte)
    case .any: false
    }
  }

  /// Whether the whole name matches a pattern. Only the last `any` is ever gone back to, so this
  /// takes at most the product of both lengths; false if that is not paid for.
  static func matches(
    _ pattern: ArraySlice<Wildcard>, _ name: ByteString, _ work: MenuWork?
  ) -> Bool {
    var index = pattern.startIndex
    var offset = 0
    var retry: (index: Int, offset: Int)?
    var steps = 1
    while offset < name.count {
      steps += 1
      if steps & 0xfff == 0, work?.pay(.matchSteps, 0x1000) == false { return false }
      if index < pattern.endIndex, case .any = pattern[index] {
        retry = (index + 1, offset)
        index += 1
      } else if index < pattern.endIndex, pattern[index].fits(name.bytes[offset]) {
        index += 1
        offset += 1
      } else if let last = retry {
        retry = (last.index, last.offset + 1)
        index = last.index
        offset = last.offset + 1
      } else {
        break
      }
    }
    if work?.pay(.matchSteps, steps & 0xfff) == false { return false }
    return offset == name.count && pattern[index...].allSatisfy { $0 == .any }
  }
}
