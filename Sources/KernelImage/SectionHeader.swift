// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// One entry of an ELF file's section header table (elf.h, `Elf64_Shdr`).
struct SectionHeader: Equatable {
  /// The size of an entry in bytes.
  static let byteCount = 64
  /// `SHT_NOTE`.
  static let typeNote: UInt32 = 7
  /// `SHT_NOBITS`: no bytes in the file.
  static let typeNoBits: UInt32 = 8

  /// `sh_name`: where the name is in the section of names.
  let nameOffset: UInt32
  /// `sh_type`.
  let type: UInt32
  /// `sh_offset`: where the bytes are in the file.
  let fileByteOffset: UInt64
  /// `sh_size`.
  let fileByteCount: UInt64

  /// Decodes the entry at `offset`; nil if it is not all there.
  init?(_ view: ByteView, at offset: Int) {
    guard let nameOffset = view.u32(at: offset), let type = view.u32(at: offset + 4),
      let fileByteOffset = view.u64(at: offset + 24),
      let fileByteCount = view.u64(at: offset + 32), view.u64(at: offset + 56) != nil
    else { return nil }
    self.nameOffset = nameOffset
    self.type = type
    self.fileByteOffset = fileByteOffset
    self.fileByteCount = fileByteCount
  }
}
