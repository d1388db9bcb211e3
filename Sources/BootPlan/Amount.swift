// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Bytes, times and speeds for people. A size from a disk can be any number.
enum Amount {
  /// Larger numbers are shown as this one.
  private static let byteCountMax: UInt64 = 1 << 50

  /// Millions of bytes, with a tenth.
  static func megabytes(_ byteCount: UInt64) -> ByteString {
    tenths(min(byteCount, byteCountMax) / 100_000)
  }

  /// Seconds, with hundredths.
  static func seconds(_ nanoseconds: UInt64) -> ByteString {
    let hundredths = nanoseconds / 10_000_000
    let rest: ByteString = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
    return "\(hundredths / 100).\(rest)"
  }

  /// Millions of bytes a second, with a tenth; nil in a time too short to tell.
  static func speed(_ byteCount: UInt64, nanoseconds: UInt64) -> ByteString? {
    let microseconds = nanoseconds / 1000
    guard microseconds >= 1000 else { return nil }
    return tenths(min(byteCount, byteCountMax) * 10 / microseconds)
  }

  private static func tenths(_ count: UInt64) -> ByteString { "\(count / 10).\(count % 10)" }
}
