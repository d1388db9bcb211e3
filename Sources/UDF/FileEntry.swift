// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FileSystem

/// A file entry, or an extended one (ECMA-167, 4/14.9 and 4/14.17).
struct FileEntry {
  /// Where the contents are said to be.
  enum Form {
    case short, long, inline
  }

  /// Where it is.
  let address: BlockAddress
  /// The size of the contents in bytes.
  let byteCount: UInt64
  /// Seconds since 1970 of the last change.
  let modificationTime: Int64
  /// The form of `allocation`.
  let form: Form
  /// Allocation descriptors, or the contents themselves.
  let allocation: ByteView

  /// The type of the file (ECMA-167, 4/14.6.6; UDF 2.60, 2.3.5.2).
  let type: UInt8
  private let flags: UInt16
  private let permissions: UInt32

  static let virtualTable: UInt8 = 248
  static let metadata: UInt8 = 250
  static let metadataMirror: UInt8 = 251

  /// What it is; nil for files that are no part of the tree.
  var kind: NodeKind? {
    switch type {
    case 4: .directory
    case 0, 5, 249: .file
    case 6, 7, 9, 10: .special
    case 12: .symbolicLink
    default: nil
    }
  }

  /// The permission bits of POSIX, which are stored five for each class.
  var mode: UInt16 {
    var mode = UInt16(permissions & 7 | permissions >> 2 & 0o70 | permissions >> 4 & 0o700)
    if flags & 0x40 != 0 { mode |= 0o4000 }
    if flags & 0x80 != 0 { mode |= 0o2000 }
    if flags & 0x100 != 0 { mode |= 0o1000 }
    return mode
  }

  /// The entry in a block, whose tag was checked.
  init(_ view: ByteView, _ identifier: UInt16, _ address: BlockAddress) throws(UDFError) {
    let isExtended = identifier == DescriptorTag.extendedFileEntry
    let header = isExtended ? 216 : 176
    guard let type = view.u8(at: 27), let flags = view.u16(at: 34),
      let permissions = view.u32(at: 44), let byteCount = view.u64(at: 56),
      let attributeByteCount = view.u32(at: header - 8),
      let allocationByteCount = view.u32(at: header - 4),
      let rest = view.suffix(from: header)?.suffix(from: Int(attributeByteCount)),
      let allocation = rest.slice(at: 0, count: Int(allocationByteCount))
    else {
      throw .badField(
        address.place, field: "length of the file entry", value: UInt64(view.count))
    }
    switch flags & 7 {
    case 0: form = .short
    case 1: form = .long
    case 3: form = .inline
    default:
      throw .badField(
        address.place, field: "kind of allocation descriptors", value: UInt64(flags & 7))
    }
    self.address = address
    self.type = type
    self.flags = flags
    self.permissions = permissions
    self.byteCount = byteCount
    self.allocation = allocation
    modificationTime = TimeStamp.seconds(view, at: isExtended ? 92 : 84)
  }
}

/// One allocation descriptor (ECMA-167, 4/14.14).
struct AllocationDescriptor {
  /// What the extent is.
  enum Kind: UInt32 {
    case recorded = 0
    case allocated, hole
    /// More allocation descriptors.
    case continuation
  }

  let kind: Kind
  let byteCount: UInt32
  let address: BlockAddress

  /// The descriptor at `offset`; a short one is in the file entry's own partition. Nil at the end.
  init?(_ view: ByteView, at offset: Int, form: FileEntry.Form, partition: UInt16) {
    guard let length = view.u32(at: offset), let block = view.u32(at: offset + 4),
      let kind = Kind(rawValue: length >> 30)
    else { return nil }
    var place = partition
    if form == .long {
      guard let own = view.u16(at: offset + 8), view.suffix(from: offset + 16) != nil else {
        return nil
      }
      place = own
    }
    self.kind = kind
    byteCount = length & 0x3fff_ffff
    address = BlockAddress(block: block, partition: place)
  }

  static func byteCount(_ form: FileEntry.Form) -> Int { form == .long ? 16 : 8 }
}
