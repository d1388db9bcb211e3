// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A file identifier descriptor: one name in a directory (ECMA-167, 4/14.4).
struct FileIdentifier {
  let name: ByteString
  let address: BlockAddress
  let isParent: Bool
}

/// The names of a directory in the order they are stored.
struct DirectoryReader {
  private let view: ByteView
  private let block: UInt32
  private var offset = 0

  /// A directory with these contents, whose file entry is in a block.
  init(_ contents: [UInt8], block: UInt32) {
    view = ByteView(contents)
    self.block = block
  }

  /// The next name that counts; nil at the end. Those whose characters can't be read, or that have
  /// a slash or a zero in them, are passed over.
  mutating func next() throws(UDFError) -> FileIdentifier? {
    while offset < view.count {
      let place = UDFStructure.identifier(byteOffset: offset, block: block)
      guard let rest = view.suffix(from: offset), let flags = rest.u8(at: 18),
        let nameByteCount = rest.u8(at: 19), let extent = LongExtent(rest, at: 20),
        let skipped = rest.u16(at: 36),
        let name = rest.slice(at: 38 + Int(skipped), count: Int(nameByteCount))
      else { throw .badField(place, field: "length", value: UInt64(view.count - offset)) }
      let byteCount = (38 + Int(skipped) + Int(nameByteCount) + 3) / 4 * 4
      // Not the rest of the directory for each of its names.
      let own = rest.slice(at: 0, count: min(byteCount, rest.count)) ?? rest
      let tag = try DescriptorTag.check(own, at: place, location: nil)
      guard tag == DescriptorTag.fileIdentifier else {
        throw .badTag(place, expected: DescriptorTag.fileIdentifier, found: tag)
      }
      offset += byteCount
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
}
