// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What Rock Ridge says of a file (RRIP 1.12, section 4.1), but for its name.
struct RockRidge {
  /// The kind and the permission bits as POSIX has them.
  private(set) var mode: UInt32?
  private(set) var modificationTime: Int64?
  /// The block of the directory that stands here.
  private(set) var childBlock: UInt32?
  /// The block of the directory that a relocated one stands in.
  private(set) var parentBlock: UInt32?
  private(set) var compression: Zisofs.Announcement?
  private(set) var isSparse = false
  /// Whether any entry is one of Rock Ridge.
  private(set) var isPresent = false

  /// Takes what an entry says.
  mutating func take(_ entry: SystemUseEntry) throws(ISO9660Error) {
    switch entry.signature {
    case SystemUseEntry.Signature.posixAttributes:
      mode = try entry.data.bothEndian32(at: 0, in: entry.place)
    case SystemUseEntry.Signature.timeStamps:
      modificationTime = Self.modificationTime(entry.data)
    case SystemUseEntry.Signature.childLink:
      childBlock = try entry.data.bothEndian32(at: 0, in: entry.place)
    case SystemUseEntry.Signature.parentLink:
      parentBlock = try entry.data.bothEndian32(at: 0, in: entry.place)
    case SystemUseEntry.Signature.sparse: isSparse = true
    case SystemUseEntry.Signature.compressed, SystemUseEntry.Signature.compressed2:
      compression = try Zisofs.Announcement(entry)
    case SystemUseEntry.Signature.rockRidge: break
    default: return
    }
    isPresent = true
  }

  /// TF: a bit for each time that follows, in the order creation, modification and so on; bit 7
  /// for times of seventeen bytes instead of seven.
  private static func modificationTime(_ data: ByteView) -> Int64? {
    guard let flags = data.u8(at: 0), flags & 2 != 0 else { return nil }
    let byteCount = flags & 0x80 != 0 ? 17 : 7
    let offset = 1 + (flags & 1 != 0 ? byteCount : 0)
    guard data.count >= offset + byteCount else { return nil }
    return flags & 0x80 != 0
      ? TimeStamp.seconds(long: data, at: offset) : TimeStamp.seconds(short: data, at: offset)
  }
}

/// The name that Rock Ridge gives a file: the parts of its NM entries.
struct RockRidgeName {
  private var name: ByteString = ""
  private var isContinued = true
  /// Whether the record is the second one of a directory that was moved here, and is not shown.
  private(set) var isRelocated = false

  /// Takes what an entry says. Throws if the name grows over the limit.
  mutating func take(_ entry: SystemUseEntry) throws(ISO9660Error) {
    if entry.signature == SystemUseEntry.Signature.relocated { isRelocated = true }
    guard entry.signature == SystemUseEntry.Signature.name, isContinued,
      let flags = entry.data.u8(at: 0), let part = entry.data.suffix(from: 1)
    else { return }
    guard name.count + part.count <= ISO9660Limits.nameByteCount else {
      throw .nameTooLong(entry.place)
    }
    switch flags & 6 {
    case 0: name += ByteString(part.bytes)
    case 2: name = "."
    case 4: name = ".."
    default: throw .badName(entry.place)
    }
    isContinued = flags & 1 != 0
  }

  /// Whether no more parts are announced.
  var isComplete: Bool { !isContinued }

  /// The name; nil if there was no entry.
  var text: ByteString? { name.isEmpty ? nil : name }
}
