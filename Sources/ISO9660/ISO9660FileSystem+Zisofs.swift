// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension ISO9660FileSystem {
  /// The blocks of a file that is stored compressed. After a header there is a pointer to each
  /// block and one to the end of the last, in bytes from the start of what is stored; a block
  /// without bytes is one of zeros.
  func unpackedExtents(
    of node: ISO9660Node, _ file: Zisofs.Announcement
  ) throws(ISO9660Error) -> [Extent] {
    let place = node.record.place
    try file.check(place)
    let stored = try storedRun(of: node)
    let header = try view(stored, at: 0, count: UInt64(file.headerByteCount), place)
    guard file.agrees(with: header) else { throw .badZisofsHeader(place) }
    let (quotient, rest) = file.byteCount.quotientAndRemainder(dividingBy: file.blockByteCount)
    let count = quotient + (rest > 0 ? 1 : 0)  // The quotient is under 2^50.
    guard count <= ISO9660Limits.zisofsBlockCount else {
      throw .badZisofs(place, field: "the number of blocks", value: count)
    }
    let pointers = try view(
      stored, at: UInt64(file.headerByteCount),
      count: (count + 1) * UInt64(file.pointerByteCount), place)
    var result = ExtentRuns()
    let work = volume.work
    var left = file.byteCount
    for index in 0..<Int(count) {
      let start = try pointer(index, in: pointers, file, place)
      let end = try pointer(index + 1, in: pointers, file, place)
      guard start <= end, end <= stored.byteCount else {
        throw .badZisofs(place, field: "the pointer to a block's end", value: end)
      }
      let byteCount = min(left, file.blockByteCount)
      left -= byteCount
      if start == end {
        do { try result.append(.zeros(byteCount: byteCount), paidBy: work) } catch {
          throw .device(error)
        }
        continue
      }
      guard
        let block = EncodedExtent(
          .zlib,
          stored: [.run(byteOffset: stored.byteOffset + start, byteCount: end - start)],
          decodedByteCount: byteCount, byteCount: byteCount)
      else { throw .badZisofs(place, field: "the packed size of a block", value: end - start) }
      do { try result.append(.encoded(block), paidBy: work) } catch { throw .device(error) }
    }
    return result.extents
  }

  /// What is stored of the file: one run. Writers put extents of one file after each other.
  private func storedRun(of node: ISO9660Node) throws(ISO9660Error) -> FileSection {
    let stored = try storedExtents(of: node)
    guard stored.count <= 1 else {
      throw .unsupportedFile(node.record.place, feature: "zisofs in extents that lie apart")
    }
    guard case .run(let offset, let count) = stored.first else {
      return FileSection(byteOffset: 0, byteCount: 0)
    }
    return FileSection(byteOffset: offset, byteCount: count)
  }

  /// A part of what is stored, of a size that the limits bound.
  private func view(
    _ stored: FileSection, at offset: UInt64, count: UInt64, _ place: ISO9660Structure
  ) throws(ISO9660Error) -> ByteView {
    guard offset <= stored.byteCount, count <= stored.byteCount - offset else {
      throw .badZisofs(place, field: "the size that is stored", value: stored.byteCount)
    }
    do {
      return ByteView(try volume.read(at: stored.byteOffset + offset, count: Int(count)))
    } catch { throw .device(error) }
  }

  private func pointer(
    _ index: Int, in view: ByteView, _ file: Zisofs.Announcement, _ place: ISO9660Structure
  ) throws(ISO9660Error) -> UInt64 {
    let offset = index * file.pointerByteCount
    let value = file.version == 1 ? view.u32(at: offset).map { UInt64($0) } : view.u64(at: offset)
    guard let value else { throw .badZisofsHeader(place) }  // The table was read as a whole.
    return value
  }
}
