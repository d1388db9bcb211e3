// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The label of a volume that has two: Joliet's keeps case and all letters, but has 16 units; the
/// primary descriptor's has 32 bytes, often capitals. blkid 2.42 joins them
/// (`libblkid/src/superblocks/iso9660.c`).
enum JoinedLabel {
  /// Joliet's `units` with what `primary` has more; nil if they are two different labels. An
  /// underscore in one stands for whatever the other has, because it takes the place of what could
  /// not be written.
  @inline(never)
  static func units(_ units: [UInt16], primary: [UInt8]) -> [UInt16]? {
    var result: [UInt16] = []
    var place = 0
    for unit in units {
      // Half of a pair: the other half follows, and both stand for one byte.
      if unit & 0xfc00 == 0xd800 {
        result.append(unit)
        continue
      }
      guard place < primary.count else {
        result.append(unit)
        continue
      }
      let byte = primary[place]
      place += 1
      if byte == underscore {
        result.append(unit)
      } else if unit == UInt16(underscore) {
        result.append(UInt16(byte))
      } else {
        guard unit < 0x80, ASCII.lowercased(UInt8(unit)) == ASCII.lowercased(byte) else {
          return nil
        }
        // Small letters are what was meant.
        result.append(byte == ASCII.lowercased(byte) ? UInt16(byte) : unit)
      }
    }
    return result + primary[place...].map { UInt16($0) }
  }

  private static let underscore: UInt8 = 0x5f
}
