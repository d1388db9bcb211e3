// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Finds Xen's notes by the section headers, as Xen's libelf does in a kernel whose note segments
/// have none: in sections of notes, else in a section `__xen_guest`
/// (xen/common/libelf/libelf-dominfo.c, `elf_xen_parse`).
///
/// A kernel comes as a stream, and section headers are at its end. So of what follows the last
/// segment, the first bytes and those before the end of the section headers are kept.
struct SectionSearch {
  /// The bytes that are kept after the last segment, and before the end of the section headers.
  static let windowByteCount: UInt64 = 256 * 1024
  /// The section headers must end within this many bytes after the last segment; symbols and
  /// debugging data are between.
  static let distanceMax: UInt64 = 64 << 20

  /// The name of the section with a legacy kernel's words.
  private static let guestSectionName: ByteString = "__xen_guest"

  private let header: ElfHeader
  private let pieces: [KeptBytes]

  /// A search in the first bytes of a file and in what was kept of its end.
  init(header: ElfHeader, pieces: [KeptBytes]) {
    self.header = header
    self.pieces = pieces
  }

  /// What is to be kept of a file whose last segment ends at `end`; none if there are no section
  /// headers after it. Throws if they are too far away.
  static func windows(
    _ header: ElfHeader, behind end: UInt64
  ) throws(KernelImageError) -> [Range<UInt64>] {
    guard header.sectionHeaderCount > 0, header.sectionHeadersByteOffset >= end else { return [] }
    guard let headersEnd = header.sectionHeadersEnd, headersEnd - end <= distanceMax else {
      throw .sectionHeadersTooFar(offset: header.sectionHeadersByteOffset)
    }
    let last = headersEnd - min(headersEnd - end, windowByteCount)..<headersEnd
    let first = end..<min(end + windowByteCount, last.lowerBound)
    return first.isEmpty ? [last] : [first, last]
  }

  /// Where the sections of notes are in the file, and the section of a legacy kernel.
  func sections() throws(KernelImageError) -> (notes: [Range<UInt64>], guest: Range<UInt64>?) {
    var notes: [Range<UInt64>] = []
    var guest: Range<UInt64>?
    var noteByteCount: UInt64 = 0
    let names = try section(header.sectionNamesIndex)
    for index in 0..<header.sectionHeaderCount {
      guard let section = try section(index), section.type != SectionHeader.typeNoBits,
        section.fileByteCount > 0,
        let end = Checked.sum(section.fileByteOffset, section.fileByteCount)
      else { continue }
      let isGuest = guest == nil && name(of: section, in: names) == Self.guestSectionName
      guard isGuest || section.type == SectionHeader.typeNote else { continue }
      let limit = UInt64(LoadLayout.noteByteCountMax)
      guard section.fileByteCount <= limit - noteByteCount else {
        throw .notesTooLarge(byteCountMax: LoadLayout.noteByteCountMax)
      }
      noteByteCount += section.fileByteCount
      if isGuest {
        guest = section.fileByteOffset..<end
      } else {
        notes.append(section.fileByteOffset..<end)
      }
    }
    return (notes, guest)
  }

  /// The bytes of `range` if they were kept.
  func bytes(_ range: Range<UInt64>) -> [UInt8]? {
    for piece in pieces {
      if let bytes = piece.bytes(range) { return bytes }
    }
    return nil
  }

  /// The section header `index`; nil if there is none. Throws if its bytes were not kept.
  private func section(_ index: Int) throws(KernelImageError) -> SectionHeader? {
    guard index < header.sectionHeaderCount else { return nil }
    // At most 65535 headers of 64 bytes, whose end is known to fit.
    let offset = header.sectionHeadersByteOffset + UInt64(index * SectionHeader.byteCount)
    guard let bytes = bytes(offset..<offset + UInt64(SectionHeader.byteCount)),
      let section = SectionHeader(ByteView(bytes), at: 0)
    else { throw .sectionOutOfReach(offset: offset) }
    return section
  }

  private func name(of section: SectionHeader, in names: SectionHeader?) -> ByteString? {
    let byteCount = UInt64(Self.guestSectionName.count + 1)
    guard let names, let start = Checked.sum(names.fileByteOffset, UInt64(section.nameOffset)),
      let end = Checked.sum(start, byteCount), let bytes = bytes(start..<end)
    else { return nil }
    return ByteView(bytes).terminatedString(at: 0, count: bytes.count)
  }
}

/// Bytes of a file that were kept while it streamed by.
struct KeptBytes: Equatable {
  /// Where they are in the file.
  let range: Range<UInt64>
  /// As many of them as were seen.
  private(set) var bytes: [UInt8] = []

  init(_ range: Range<UInt64>) { self.range = range }

  /// Takes the part of `new`, which starts at `position` of the file, that lies in the range.
  mutating func capture(_ new: UnsafeRawBufferPointer, at position: UInt64) {
    let lower = max(range.lowerBound, position)
    let upper = min(range.upperBound, position + UInt64(new.count))
    guard lower < upper else { return }
    // Both differences are at most new.count.
    bytes.append(contentsOf: new[Int(lower - position)..<Int(upper - position)])
  }

  /// The bytes of `part`; nil unless all of them were seen.
  func bytes(_ part: Range<UInt64>) -> [UInt8]? {
    guard part.lowerBound >= range.lowerBound,
      part.upperBound - range.lowerBound <= UInt64(bytes.count)
    else { return nil }
    let start = Int(part.lowerBound - range.lowerBound)
    return Array(bytes[start..<start + Int(part.upperBound - part.lowerBound)])
  }
}
