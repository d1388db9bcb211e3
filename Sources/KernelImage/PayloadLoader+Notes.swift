// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension PayloadLoader {
  /// The notes in the kernel's note segments.
  func parseNotes() throws(Failure) -> XenNotes {
    do throws(KernelImageError) {
      return try XenNotes(stream.notes)
    } catch { throw .image(error) }
  }

  /// The notes that the section headers lead to, for a kernel without any in its segments.
  mutating func searchNotes() throws(Failure) -> XenNotes {
    do throws(KernelImageError) {
      try stream.searchSections()
    } catch { throw .image(error) }
    guard !stream.kept.isEmpty, let header = stream.elfHeader else { return XenNotes() }
    while stream.step != .finished { try doStep() }
    let search = SectionSearch(header: header, pieces: stream.kept)
    let sections: (notes: [Range<UInt64>], guest: Range<UInt64>?)
    do throws(KernelImageError) {
      sections = try search.sections()
    } catch { throw .image(error) }
    var contents: [[UInt8]] = []
    for range in sections.notes { contents.append(try bytes(of: range, in: search)) }
    var words: [UInt8] = []
    if let range = sections.guest { words = try bytes(of: range, in: search) }
    do throws(KernelImageError) {
      let notes = try XenNotes(contents)
      return notes.count == 0 && !words.isEmpty ? try XenNotes(guestWords: words) : notes
    } catch { throw .image(error) }
  }

  /// A section that was kept or is in memory.
  private mutating func bytes(
    of range: Range<UInt64>, in search: SectionSearch
  ) throws(Failure) -> [UInt8] {
    if let bytes = search.bytes(range) { return bytes }
    // The search lets no section through that is over 64 KiB.
    if let window {
      if range.upperBound <= UInt64(window.count) {
        return Array(window[Int(range.lowerBound)..<Int(range.upperBound)])
      }
      throw .image(.sectionOutOfReach(offset: range.lowerBound))
    }
    do throws(Memory.Failure) {
      if let address = stream.address(of: range),
        let bytes = try memory.contents(
          physicalAddress: address, byteCount: Int(range.upperBound - range.lowerBound))
      {
        return bytes
      }
    } catch { throw .memory(error) }
    throw .image(.sectionOutOfReach(offset: range.lowerBound))
  }
}
