// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A file or directory of an exFAT: what its entries say. exFAT has no entries for `.` and `..`, so
/// a node knows the directory that it was found in.
public final class ExFATNode: Sendable {
  /// The first cluster; 0 for an empty file.
  public let firstCluster: UInt32
  /// The directory above; nil for the root.
  let parent: ExFATNode?
  let isDirectory: Bool
  let isReadOnly: Bool
  /// Whether the clusters follow each other, and the table does not say so (NoFatChain).
  let isContiguous: Bool
  /// The size; nil for the root, which is as long as its chain.
  let byteCount: UInt64?
  /// How many bytes were written; those after them are zeros.
  let validByteCount: UInt64
  let modificationTime: Int64

  /// The root directory.
  init(rootCluster: UInt32) {
    firstCluster = rootCluster
    parent = nil
    isDirectory = true
    isReadOnly = false
    isContiguous = false
    byteCount = nil
    validByteCount = 0
    modificationTime = 0
  }

  /// A chain of clusters that no directory leads to.
  init(firstCluster: UInt32, byteCount: UInt64) {
    self.firstCluster = firstCluster
    self.byteCount = byteCount
    parent = nil
    isDirectory = false
    isReadOnly = false
    isContiguous = false
    validByteCount = byteCount
    modificationTime = 0
  }

  /// What an entry for a file (`file`) and the one for its clusters (`stream`) say, 32 bytes each
  /// (sections 7.4 and 7.6). Nil if they are too short.
  init?(file: ByteView, stream: ByteView, in directory: ExFATNode) {
    guard let attributes = file.u16(at: 4), let time = file.u32(at: 12),
      let hundredths = file.u8(at: 21), let zone = file.u8(at: 23), let flags = stream.u8(at: 1),
      let valid = stream.u64(at: 8), let first = stream.u32(at: 20), let size = stream.u64(at: 24)
    else { return nil }
    firstCluster = first
    parent = directory
    isDirectory = attributes & 0x10 != 0
    isReadOnly = attributes & 1 != 0
    isContiguous = flags & 2 != 0
    byteCount = size
    validByteCount = isDirectory ? size : valid
    modificationTime = Self.seconds(time, hundredths: hundredths, zone: zone)
  }

  /// Seconds since 1970 of a time as FAT has it, 5 and 2 bits more. `zone` is how many quarters of
  /// an hour it is ahead of UTC, if its highest bit is set. 0 if there is no date.
  private static func seconds(_ time: UInt32, hundredths: UInt8, zone: UInt8) -> Int64 {
    let month = Int64(time >> 21 & 15)
    let day = Int64(time >> 16 & 31)
    guard (1...12).contains(month), day > 0 else { return 0 }
    // Years begin with March, so that the leap day is the last one.
    let year = 1980 + Int64(time >> 25) - (month > 2 ? 0 : 1)
    let monthIndex = (month + 9) % 12
    let days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * monthIndex + 2) / 5 + day - 1
      - 719_468
    // Seven bits with a sign.
    let quarters = zone & 0x80 == 0 ? 0 : Int64(Int8(bitPattern: zone << 1) >> 1)
    return 86400 * days + 3600 * Int64(time >> 11 & 31) + 60 * Int64(time >> 5 & 63)
      + 2 * Int64(time & 31) + Int64(hundredths / 100) - 900 * quarters
  }
}
