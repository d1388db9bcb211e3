// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Files that are stored compressed, block by block (libisofs, doc/zisofs_format.txt and
/// doc/zisofs2_format.txt).
enum Zisofs {
  /// Block sizes that the format has: 32 KiB to 128 KiB, in version 2 to 1 MiB.
  static let blockShifts = 15...20

  /// What the entry ZF, or Z2, says of a file.
  struct Announcement: Equatable {
    /// 1 or 2; other numbers are as the disk has them.
    let version: UInt8
    /// `pz` for version 1, `PZ` and others for version 2.
    let algorithm: ByteString
    /// The size of the header in front of the block pointers.
    let headerByteCount: Int
    /// 15 to 20, or what the disk has.
    let blockShift: Int
    /// The size of the unpacked file.
    let byteCount: UInt64

    init(_ entry: SystemUseEntry) throws(ISO9660Error) {
      guard let algorithm = entry.data.string(at: 0, count: 2), let words = entry.data.u8(at: 2),
        let shift = entry.data.u8(at: 3)
      else { throw .badSystemUse(entry.place, offset: 0) }
      version = entry.version
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

    /// The size of a block that is unpacked.
    var blockByteCount: UInt64 { 1 << UInt64(blockShift) }

    /// The size of a pointer to a block.
    var pointerByteCount: Int { version == 1 ? 4 : 8 }

    /// Throws unless this is a form that can be read: zlib in blocks of a size that the format has.
    func check(_ place: ISO9660Structure) throws(ISO9660Error) {
      switch (version, algorithm) {
      case (1, "pz"), (2, "PZ"): break
      case (1...2, _):
        throw .unsupportedFile(place, feature: "zisofs with the algorithm \(algorithm)")
      default: throw .unsupportedFile(place, feature: "zisofs of version \(version)")
      }
      guard Zisofs.blockShifts.contains(blockShift) else {
        throw .badZisofs(place, field: "the block size's exponent", value: UInt64(blockShift))
      }
      guard headerByteCount == (version == 1 ? 16 : 24) else {
        throw .badZisofs(place, field: "the header's size", value: UInt64(headerByteCount))
      }
    }

    /// Whether the header before the file's data agrees. In version 1 it is the magic
    /// number, the size in 32 bits, and two bytes of header size and block size; in version 2 the
    /// number of the algorithm is between these, and the size of 64 bits after them.
    func agrees(with header: ByteView) -> Bool {
      let words = header.u8(at: version == 1 ? 12 : 9)
      let shift = header.u8(at: version == 1 ? 13 : 11)
      let magic: [UInt8] =
        version == 1
        ? [0x37, 0xe4, 0x53, 0x96, 0xc9, 0xdb, 0xd6, 0x07]
        : [0xef, 0x22, 0x55, 0xa1, 0xbc, 0x1b, 0x95, 0xa0]
      let size = version == 1 ? header.u32(at: 8).map { UInt64($0) } : header.u64(at: 12)
      return header.slice(at: 0, count: 8)?.bytes == magic && size == byteCount
        && words.map { 4 * Int($0) } == headerByteCount && shift.map { Int($0) } == blockShift
        && (version == 1 || header.u8(at: 10) == 1)
    }
  }
}
