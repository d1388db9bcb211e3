// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A piece of a file: a run of bytes of the volume, not yet checked against its size.
struct FileSection: Equatable {
  let byteOffset: UInt64
  let byteCount: UInt64
}

/// A directory record (ECMA-119, 9.1), the lengths in it checked.
final class DirectoryRecord: Sendable {
  /// What every record has in front of its name.
  static let headerByteCount = 33

  /// Where it is on the volume.
  let place: ISO9660Structure
  /// The file identifier as stored.
  let identifier: ByteView
  /// What Rock Ridge puts after the identifier.
  let systemUse: ByteView

  private let view: ByteView

  /// Decodes the record that fills `view`.
  init(_ view: ByteView, at byteOffset: UInt64) throws(ISO9660Error) {
    place = .record(byteOffset: byteOffset)
    guard let nameByteCount = view.u8(at: 32), nameByteCount > 0,
      let identifier = view.slice(at: Self.headerByteCount, count: Int(nameByteCount))
    else { throw .badRecord(place) }
    self.view = view
    self.identifier = identifier
    // A zero follows a name of even length.
    let end = Self.headerByteCount + Int(nameByteCount) + (nameByteCount % 2 == 0 ? 1 : 0)
    systemUse = view.suffix(from: end) ?? ByteView([])
  }

  private var flags: UInt8 { view.u8(at: 25) ?? 0 }

  var isDirectory: Bool { flags & 2 != 0 }
  /// Belongs to another file, as a Macintosh resource fork does.
  var isAssociated: Bool { flags & 4 != 0 }
  /// Whether the file goes on in the next record.
  var hasMoreSections: Bool { flags & 0x80 != 0 }
  /// Whether the file's blocks alternate with those of another.
  var isInterleaved: Bool { view.u8(at: 26) != 0 || view.u8(at: 27) != 0 }
  /// The record of the directory itself, which is its first.
  var isSelf: Bool { identifier.count == 1 && identifier.u8(at: 0) == 0 }
  /// The record of the directory's parent, which is its second.
  var isParent: Bool { identifier.count == 1 && identifier.u8(at: 0) == 1 }

  /// Seconds since 1970.
  var modificationTime: Int64 { TimeStamp.seconds(short: view, at: 18) }

  /// Where the contents are: after the extended attributes, which are in the blocks before.
  func section(blockByteCount: UInt64) throws(ISO9660Error) -> FileSection {
    let block = UInt64(try view.bothEndian32(at: 2, in: place))
    let attributeBlockCount = UInt64(view.u8(at: 1) ?? 0)
    // Under 2^44.
    return FileSection(
      byteOffset: (block + attributeBlockCount) * blockByteCount,
      byteCount: UInt64(try view.bothEndian32(at: 10, in: place)))
  }
}
