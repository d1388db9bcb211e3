// SPDX-License-Identifier: GPL-2.0-or-later

/// Makes PE files of sections, good ones and ones with a single fault.
public struct PortableExecutable {
  /// A section; sizes and place can be made to lie.
  public struct Section {
    /// At most eight bytes of name.
    public var name: String
    /// The contents, padded in the file to a multiple of 512 bytes.
    public var bytes: [UInt8]
    /// `VirtualSize`; nil for the number of bytes.
    public var virtualSize: UInt32?
    /// `PointerToRawData`; nil for the true one.
    public var fileOffset: UInt32?

    /// A section of a text or of bytes.
    public init(
      _ name: String, _ bytes: [UInt8], virtualSize: UInt32? = nil, fileOffset: UInt32? = nil
    ) {
      self.name = name
      self.bytes = bytes
      self.virtualSize = virtualSize
      self.fileOffset = fileOffset
    }

    /// A section of a text.
    public init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }
  }

  /// The sections in the order of the table.
  public var sections: [Section]
  /// `e_lfanew`.
  public var headerOffset = 0x80
  /// The machine of the file header.
  public var machine: UInt16 = 0x8664
  /// `NumberOfSections`; nil for the true one.
  public var sectionCount: UInt16?

  /// A file of `sections`.
  public init(_ sections: [Section]) { self.sections = sections }

  /// The file.
  public var bytes: [UInt8] {
    let optionalByteCount = 240
    let table = headerOffset + 24 + optionalByteCount
    var file = [UInt8](repeating: 0, count: Self.padded(table + sections.count * 40))
    Self.store(0x5a4d, 2, at: 0, in: &file)
    Self.store(UInt64(headerOffset), 4, at: 0x3c, in: &file)
    Self.store(0x4550, 4, at: headerOffset, in: &file)
    Self.store(UInt64(machine), 2, at: headerOffset + 4, in: &file)
    let count = sectionCount ?? UInt16(sections.count)
    Self.store(UInt64(count), 2, at: headerOffset + 6, in: &file)
    Self.store(UInt64(optionalByteCount), 2, at: headerOffset + 20, in: &file)
    for (index, section) in sections.enumerated() {
      let entry = table + index * 40
      file.replaceSubrange(entry..<entry + section.name.utf8.count, with: section.name.utf8)
      let size = section.virtualSize ?? UInt32(section.bytes.count)
      Self.store(UInt64(size), 4, at: entry + 8, in: &file)
      Self.store(UInt64(Self.padded(section.bytes.count)), 4, at: entry + 16, in: &file)
      Self.store(UInt64(section.fileOffset ?? UInt32(file.count)), 4, at: entry + 20, in: &file)
      file += section.bytes
      file += [UInt8](repeating: 0, count: Self.padded(file.count) - file.count)
    }
    return file
  }

  private static func padded(_ count: Int) -> Int { (count + 511) / 512 * 512 }

  private static func store(_ value: UInt64, _ count: Int, at offset: Int, in file: inout [UInt8]) {
    for index in 0..<count {
      file[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}
