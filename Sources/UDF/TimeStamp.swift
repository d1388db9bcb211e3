// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A date as descriptors have it (ECMA-167, 1/7.3).
enum TimeStamp {
  /// Seconds since 1970 of the twelve bytes at `offset`; 0 if there is no date.
  static func seconds(_ view: ByteView, at offset: Int) -> Int64 {
    guard let zone = view.u16(at: offset), let year = view.u16(at: offset + 2),
      let rest = view.slice(at: offset + 4, count: 5)?.bytes,
      (1...12).contains(rest[0]), (1...31).contains(rest[1])
    else { return 0 }
    let month = Int64(rest[0])
    // Years begin with March, so that the leap day is the last one.
    let shifted = Int64(Int16(bitPattern: year)) - (month > 2 ? 0 : 1)
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - 400 * era
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + Int64(rest[1]) - 1
    let days = 146_097 * era + 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let time = 3600 * Int64(rest[2]) + 60 * Int64(rest[3]) + Int64(rest[4])
    return 86400 * (days - 719_468) + time - 60 * minutes(zone)
  }

  /// The distance from Greenwich: twelve bits with a sign, of which one value is none.
  private static func minutes(_ zone: UInt16) -> Int64 {
    guard zone >> 12 == 1 else { return 0 }
    let value = Int64(zone & 0xfff)
    let minutes = value >= 0x800 ? value - 0x1000 : value
    return abs(minutes) <= 1440 ? minutes : 0
  }
}
