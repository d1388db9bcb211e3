// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The file header of a 64-bit ELF program for x86-64 (elf.h, `Elf64_Ehdr`).
public struct ElfHeader: Equatable, Sendable {
  /// The size of the header in bytes.
  public static let byteCount = 64
  /// The most program headers that are read.
  public static let programHeaderCountMax: UInt16 = 64
  /// The program headers must lie within this many bytes from the start of the file.
  public static let programHeadersEndMax: UInt64 = 64 * 1024

  private static let machineX8664: UInt16 = 62

  /// `e_entry`.
  public let entry: UInt64
  /// Where the program headers are in the file, in bytes.
  public let programHeadersByteOffset: Int
  /// The number of program headers.
  public let programHeaderCount: Int
  /// Where the section headers are in the file, in bytes; 0 if there are none that can be used.
  public let sectionHeadersByteOffset: UInt64
  /// The number of section headers.
  public let sectionHeaderCount: Int
  /// The index of the section with the sections' names.
  public let sectionNamesIndex: Int

  /// Where the program headers end in the file, in bytes.
  public var programHeadersEnd: Int {
    programHeadersByteOffset + programHeaderCount * ProgramHeader.byteCount
  }

  /// Decodes the header at the start of `head`.
  public init(_ head: ByteView) throws(KernelImageError) {
    guard head.u32(at: 0) == 0x464c_457f, let fileClass = head.u8(at: 4),
      let encoding = head.u8(at: 5)
    else { throw .notELF }
    guard fileClass != 1 else { throw .elf32 }
    guard fileClass == 2 else { throw .notELF }
    guard encoding == 1 else { throw .elfBigEndian }
    guard let type = head.u16(at: 16), let machine = head.u16(at: 18),
      let entry = head.u64(at: 24), let offset = head.u64(at: 32),
      let entrySize = head.u16(at: 54), let count = head.u16(at: 56)
    else { throw .notELF }
    guard machine == Self.machineX8664 else { throw .elfMachine(machine) }
    // ET_EXEC, or ET_DYN for kernels linked as position independent.
    guard type == 2 || type == 3 else { throw .elfType(type) }
    guard count > 0, count <= Self.programHeaderCountMax else { throw .programHeaderCount(count) }
    guard Int(entrySize) == ProgramHeader.byteCount else { throw .programHeaderSize(entrySize) }
    let tableByteCount = UInt64(count) * UInt64(entrySize)
    guard offset <= Self.programHeadersEndMax - tableByteCount else {
      throw .programHeadersTooFar(offset: offset)
    }
    self.entry = entry
    programHeadersByteOffset = Int(offset)
    programHeaderCount = Int(count)
    // Nothing depends on section headers but the search for notes, so a bad table is no error.
    guard let sections = head.u64(at: 40), head.u16(at: 58) == UInt16(SectionHeader.byteCount),
      let sectionCount = head.u16(at: 60), let namesIndex = head.u16(at: 62), sections > 0,
      sectionCount > 0
    else {
      sectionHeadersByteOffset = 0
      sectionHeaderCount = 0
      sectionNamesIndex = 0
      return
    }
    sectionHeadersByteOffset = sections
    sectionHeaderCount = Int(sectionCount)
    sectionNamesIndex = Int(namesIndex)
  }

  /// Where the section headers end in the file, in bytes; 0 if there are none, nil if beyond 64
  /// bits.
  var sectionHeadersEnd: UInt64? {
    Checked.sum(
      sectionHeadersByteOffset, UInt64(sectionHeaderCount) * UInt64(SectionHeader.byteCount))
  }

  /// The program headers in `head`, which must reach to `programHeadersEnd`.
  public func programHeaders(in head: ByteView) throws(KernelImageError) -> [ProgramHeader] {
    var result: [ProgramHeader] = []
    for index in 0..<programHeaderCount {
      let offset = programHeadersByteOffset + index * ProgramHeader.byteCount
      guard let header = ProgramHeader(head, at: offset) else {
        throw .payloadEndsEarly(
          position: UInt64(head.count), neededByteCount: UInt64(programHeadersEnd))
      }
      result.append(header)
    }
    return result
  }
}
