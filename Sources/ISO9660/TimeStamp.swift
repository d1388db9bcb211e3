// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The two forms of a date: seven binary bytes in records, seventeen characters in descriptors.
enum TimeStamp {
  /// Seconds since 1970 of the seven bytes at `offset` (ECMA-119, 9.1.5): years since 1900, month,
  /// day, hour, minute, second, and the distance from Greenwich in quarters of an hour. 0 if there
  /// is no date.
  static func seconds(short view: ByteView, at offset: Int) -> Int64 {
    guard let bytes = view.slice(at: offset, count: 7)?.bytes,
      (1...12).contains(bytes[1]), (1...31).contains(bytes[2])
    else { return 0 }
    return seconds(
      year: 1900 + Int64(bytes[0]), month: Int64(bytes[1]), day: Int64(bytes[2]),
      time: (Int64(bytes[3]), Int64(bytes[4]), Int64(bytes[5])), zone: bytes[6])
  }

  /// Seconds since 1970 of the seventeen bytes at `offset` (ECMA-119, 8.4.26.1). 0 if there is no
  /// date.
  static func seconds(long view: ByteView, at offset: Int) -> Int64 {
    func number(_ start: Int, _ count: Int) -> Int64? {
      view.string(at: offset + start, count: count).flatMap { Numbers.decimal($0) }
        .map { Int64($0) }
    }
    guard let year = number(0, 4), let month = number(4, 2), let day = number(6, 2),
      let hour = number(8, 2), let minute = number(10, 2), let second = number(12, 2),
      let zone = view.u8(at: offset + 16), (1...12).contains(month), (1...31).contains(day)
    else { return 0 }
    return seconds(year: year, month: month, day: day, time: (hour, minute, second), zone: zone)
  }

  /// The digits of the seventeen bytes at `offset` as `YYYY-MM-DD-hh-mm-ss-hh`, which is what blkid
  /// and GRUB call the volume's UUID; nil if they are all `0` or are no digits.
  static func identifier(long view: ByteView, at offset: Int) -> ByteString? {
    guard let digits = view.slice(at: offset, count: 16)?.bytes,
      digits.allSatisfy({ ASCII.isDigit($0) }), digits.contains(where: { $0 != 0x30 })
    else { return nil }
    var result: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      if index >= 4, index % 2 == 0 { result.append(0x2d) }
      result.append(digit)
    }
    return ByteString(result)
  }

  /// Every part is in four digits, so that nothing overflows.
  private static func seconds(
    year: Int64, month: Int64, day: Int64, time: (hour: Int64, minute: Int64, second: Int64),
    zone: UInt8
  ) -> Int64 {
    // Years begin with March, so that the leap day is the last one.
    let shifted = month > 2 ? year : year - 1
    let monthIndex = (month + 9) % 12
    let days =
      365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * monthIndex + 2) / 5
      + day - 1 - 719_468
    let quarters = Int64(Int8(bitPattern: zone))
    return 86400 * days + 3600 * time.hour + 60 * time.minute + time.second - 900 * quarters
  }
}
