// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Files that are stored compressed, block by block (libisofs, doc/zisofs2_format.txt).
enum Zisofs {
  /// What the entry ZF says of a file.
  struct Announcement: Equatable {
    /// `pz` for version 1, `PZ` and others for version 2.
    let algorithm: ByteString
    /// The size of the header in front of the blocks.
    let headerByteCount: Int
    /// 15 to 17.
    let blockShift: Int
    /// The size of the unpacked file.
    let byteCount: UInt64

    init(_ entry: SystemUseEntry) throws(ISO9660Error) {
      guard let algorithm = entry.data.string(at: 0, count: 2), let words = entry.data.u8(at: 2),
        let shift = entry.data.u8(at: 3)
      else { throw .badSystemUse(entry.place, offset: 0) }
      self.algorithm = algorithm
      headerByteCount = 4 * Int(words)
      blockShift = Int(shift)
      if entry.version >= 2 {
        guard let size = entry.data.u64(at: 4) else {
          throw .badSystemUse(entry.place, offset: 0)
        }
        byteCount = size
      } else {
        byteCount = UInt64(try entry.data.bothEndian32(at: 4, in: entry.place))
      }
    }
  }
}
