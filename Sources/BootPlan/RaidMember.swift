// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension Volume {
  /// Whether md's superblock lies at the end of the volume (Linux, md_p.h and md.rst: formats 0.90
  /// and 1.0). Each half of a mirror looks like a file system of its own; writing to one of them
  /// would make them differ. A volume whose end can't be read counts as one.
  var isRaidMember: Bool {
    let magic: UInt32 = 0xa92b_4efc
    let old: UInt64 = 64 * 1024
    let new: UInt64 = 4096
    var places: [UInt64] = []
    if byteCount >= 2 * old { places.append(byteCount / old * old - old) }
    if byteCount >= 4 * new { places.append((byteCount - 2 * new) / new * new) }
    for place in places {
      do throws(BlockError) {
        let bytes = try readAgain(at: place, count: 512)
        if ByteView(bytes).u32(at: 0) == magic { return true }
      } catch { return true }
    }
    return false
  }
}
