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
  case set([ClosedRange<UInt8>])

  private func fits(_ byte: UInt8) -> Bool {
    switch self {
    case .byte(let own): own == byte
    case .one: true
    case .set(let ranges): ranges.contains { $0.contains(byte) }
    case .any: false
    }
  }

  /// Whether the whole name matches a pattern. Only the last `any` is ever gone back to, so this
  /// takes at most the product of both lengths.
  static func matches(_ pattern: ArraySlice<Wildcard>, _ name: ByteString) -> Bool {
    let pattern = Array(pattern)
    var index = 0
    var offset = 0
    var retry: (index: Int, offset: Int)?
    while offset < name.count {
      if index < pattern.count, pattern[index] == .any {
        retry = (index + 1, offset)
        index += 1
      } else if index < pattern.count, pattern[index].fits(name.bytes[offset]) {
        index += 1
        offset += 1
      } else if let last = retry {
        retry = (last.index, last.offset + 1)
        index = last.index
        offset = last.offset + 1
      } else {
        return false
      }
    }
    return pattern[index...].allSatisfy { $0 == .any }
  }
}
