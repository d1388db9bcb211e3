// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A file or directory of a FAT file system: what its directory entry says.
public struct FATNode: Equatable, Sendable {
  /// The first cluster; 0 for an empty file, and for the root directory of FAT12 and FAT16.
  public let firstCluster: UInt32
  let attributes: UInt8
  let byteCount: UInt32
  let modificationTime: Int64

  var isDirectory: Bool { attributes & 0x10 != 0 }
  var isReadOnly: Bool { attributes & 1 != 0 }

  /// The root directory.
  init(rootCluster: UInt32) {
    firstCluster = rootCluster
    attributes = 0x10
    byteCount = 0
    modificationTime = 0
  }

  /// What an entry of 32 bytes says.
  init(_ entry: ByteView, isFAT32: Bool) {
    let high = isFAT32 ? UInt32(entry.u16(at: 20) ?? 0) : 0
    firstCluster = high << 16 | UInt32(entry.u16(at: 26) ?? 0)
    attributes = entry.u8(at: 11) ?? 0
    byteCount = entry.u32(at: 28) ?? 0
    modificationTime = Self.seconds(date: entry.u16(at: 24) ?? 0, time: entry.u16(at: 22) ?? 0)
  }

  /// Seconds since 1970 of a date since 1980 and a time in steps of two seconds, taken as UTC:
  /// FAT stores no time zone. 0 if there is no date.
  private static func seconds(date: UInt16, time: UInt16) -> Int64 {
    let month = Int64(date >> 5 & 15)
    let day = Int64(date & 31)
    guard (1...12).contains(month), day > 0 else { return 0 }
    // Years begin with March, so that the leap day is the last one.
    let year = 1980 + Int64(date >> 9) - (month > 2 ? 0 : 1)
    let monthIndex = (month + 9) % 12
    let days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * monthIndex + 2) / 5 + day - 1
      - 719_468
    return 86400 * days + 3600 * Int64(time >> 11) + 60 * Int64(time >> 5 & 63)
      + 2 * Int64(time & 31)
  }
}
