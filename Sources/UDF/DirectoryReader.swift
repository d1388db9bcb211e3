// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// A file identifier descriptor: one name in a directory (ECMA-167, 4/14.4).
struct FileIdentifier {
  let name: ByteString
  let address: BlockAddress
  let isParent: Bool
}

/// The names of a directory in the order they are stored. They lie close together, wherever blocks
/// end: some blocks of them are in memory at a time.
struct DirectoryReader<Device: BlockDevice> {
  private let work: WorkAccount
  private let block: UInt32
  private let byteCount: Int
  private var contents: ContentsReader<Device>
  private var offset = 0
  private var window = ByteView([])
  private var windowOffset = 0

  /// A directory of `byteCount` bytes in `extents`, whose file entry is in a block.
  init(
    _ extents: [Extent], byteCount: Int, on volume: Volume<Device>, block: UInt32
  ) throws(UDFError) {
    do { contents = try ContentsReader(extents, on: volume) } catch { throw .device(error) }
    work = volume.work
    self.byteCount = byteCount
    self.block = block
  }

  /// The next name that counts; nil at the end. Those whose characters can't be read, or that have
  /// a slash or a zero in them, are passed over.
  mutating func next() throws(UDFError) -> FileIdentifier? {
    while offset < byteCount {
      let place = UDFStructure.identifier(byteOffset: offset, block: block)
      let tooShort = UDFError.badField(
        place, field: "length", value: UInt64(byteCount - offset))
      let head = try view(38)
      guard let flags = head.u8(at: 18), let nameByteCount = head.u8(at: 19),
        let extent = LongExtent(head, at: 20), let skipped = head.u16(at: 36)
      else { throw tooShort }
      let nameOffset = 38 + Int(skipped)
      let ownByteCount = (nameOffset + Int(nameByteCount) + 3) / 4 * 4
      // Not the rest of the directory for each of its names.
      let own = try view(ownByteCount)
      guard let name = own.slice(at: nameOffset, count: Int(nameByteCount)) else { throw tooShort }
      do throws(BlockError) {
        try work.pay(.names)
        try work.pay(.copiedBytes, UDFLimits.costOfChecksum * own.count)
      } catch { throw .device(error) }
      let tag = try DescriptorTag.check(own, at: place, location: nil)
      guard tag == DescriptorTag.fileIdentifier else {
        throw .badTag(place, expected: DescriptorTag.fileIdentifier, found: tag)
      }
      offset += ownByteCount
      let isParent = flags & 8 != 0
      guard flags & 4 == 0 else { continue }
      let text = isParent ? ".." : CompressedUnicode.decode(name) ?? ""
      guard !text.isEmpty, !text.bytes.contains(where: { $0 == 0 || $0 == ASCII.slash }) else {
        continue
      }
      return FileIdentifier(name: text, address: extent.address, isParent: isParent)
    }
    return nil
  }

  /// The next `count` bytes, at most 64 KiB and a few, or those up to the directory's end.
  private mutating func view(_ count: Int) throws(UDFError) -> ByteView {
    let wanted = min(count, byteCount - offset)
    if offset + wanted > windowOffset + window.count {
      let most = min(max(wanted, UDFLimits.windowByteCount), byteCount - offset)
      do { window = ByteView(try contents.read(at: UInt64(offset), count: most)) } catch {
        throw .device(error)
      }
      windowOffset = offset
    }
    return window.slice(at: offset - windowOffset, count: wanted) ?? ByteView([])
  }
}
