// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// One entry of an ELF file's program header table (elf.h, `Elf64_Phdr`).
public struct ProgramHeader: Equatable, Sendable {
  /// The size of an entry in bytes.
  public static let byteCount = 56

  /// `PT_LOAD`.
  public static let typeLoad: UInt32 = 1
  /// `PT_NOTE`.
  public static let typeNote: UInt32 = 4

  /// `p_type`.
  public let type: UInt32
  /// `p_offset`: where the bytes are in the file.
  public let fileByteOffset: UInt64
  /// `p_vaddr`.
  public let virtualAddress: UInt64
  /// `p_paddr`.
  public let physicalAddress: UInt64
  /// `p_filesz`.
  public let fileByteCount: UInt64
  /// `p_memsz`.
  public let memoryByteCount: UInt64
  /// `p_align`.
  public let alignment: UInt64

  /// Decodes the entry at `offset`; nil if it is not all there.
  public init?(_ view: ByteView, at offset: Int) {
    guard let type = view.u32(at: offset), let fileByteOffset = view.u64(at: offset + 8),
      let virtualAddress = view.u64(at: offset + 16),
      let physicalAddress = view.u64(at: offset + 24),
      let fileByteCount = view.u64(at: offset + 32),
      let memoryByteCount = view.u64(at: offset + 40),
      let alignment = view.u64(at: offset + 48)
    else { return nil }
    self.type = type
    self.fileByteOffset = fileByteOffset
    self.virtualAddress = virtualAddress
    self.physicalAddress = physicalAddress
    self.fileByteCount = fileByteCount
    self.memoryByteCount = memoryByteCount
    self.alignment = alignment
  }
}
