// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// One entry of a system use area (SUSP 1.12, section 4): two letters, a length, a version, data.
final class SystemUseEntry {
  /// The two letters, the first one in the high byte.
  let signature: UInt16
  /// The version, which ZF has more than one of.
  let version: UInt8
  /// What is after the first four bytes.
  let data: ByteView
  /// The area or record that it is in.
  let place: ISO9660Structure

  init(signature: UInt16, version: UInt8, data: ByteView, place: ISO9660Structure) {
    self.signature = signature
    self.version = version
    self.data = data
    self.place = place
  }

  /// The letters of the entries that are known here.
  enum Signature {
    static let continuation: UInt16 = 0x4345  // CE
    static let sharingProtocol: UInt16 = 0x5350  // SP
    static let terminator: UInt16 = 0x5354  // ST
    static let extensionReference: UInt16 = 0x4552  // ER
    static let extensionSelector: UInt16 = 0x4553  // ES
    static let rockRidge: UInt16 = 0x5252  // RR
    static let posixAttributes: UInt16 = 0x5058  // PX
    static let name: UInt16 = 0x4e4d  // NM
    static let symbolicLink: UInt16 = 0x534c  // SL
    static let childLink: UInt16 = 0x434c  // CL
    static let parentLink: UInt16 = 0x504c  // PL
    static let relocated: UInt16 = 0x5245  // RE
    static let timeStamps: UInt16 = 0x5446  // TF
    static let sparse: UInt16 = 0x5346  // SF
    static let compressed: UInt16 = 0x5a46  // ZF
    static let compressed2: UInt16 = 0x5a32  // Z2
  }
}

/// How the system use areas of a volume are laid out, as its root directory says.
struct SystemUseRules: Equatable {
  /// The bytes of each area that come before the entries: 14 on disks of the format CD-ROM XA.
  var skippedByteCount = 0
  /// Which of the extensions is Rock Ridge, counted from 0 in the order of their ER entries.
  var rockRidgeSequence: UInt8 = 0
}

/// The entries of a record's system use area and of the areas in which it goes on.
struct SystemUseReader<Device: BlockDevice> {
  private let volume: Volume<Device>
  private let blockByteCount: UInt64
  private let rules: SystemUseRules
  /// Where the record is.
  private let record: ISO9660Structure
  private var area: ByteView
  private var place: ISO9660Structure
  private var offset = 0
  /// Where the area goes on, as the last CE entry says.
  private var next: (byteOffset: UInt64, byteCount: UInt64)?
  private var continuationCount = 0
  /// Whether entries belong to an extension that is not known here.
  private var isForeign = false

  init(
    _ record: DirectoryRecord, rules: SystemUseRules, blockByteCount: UInt64,
    on volume: Volume<Device>
  ) {
    self.volume = volume
    self.blockByteCount = blockByteCount
    self.rules = rules
    self.record = record.place
    place = record.place
    area = record.systemUse.suffix(from: rules.skippedByteCount) ?? ByteView([])
  }

  /// The next entry of SUSP itself or of Rock Ridge; nil at the end.
  mutating func nextEntry() throws(ISO9660Error) -> SystemUseEntry? {
    // Ends: each turn takes four bytes of an area at least, or one of the limited areas.
    while true {
      guard let entry = try entryOfArea() else {
        guard try loadContinuation() else { return nil }
        continue
      }
      switch entry.signature {
      case SystemUseEntry.Signature.continuation: try takeContinuation(entry)
      case SystemUseEntry.Signature.extensionSelector:
        isForeign = entry.data.u8(at: 0) != rules.rockRidgeSequence
      case SystemUseEntry.Signature.sharingProtocol,
        SystemUseEntry.Signature.extensionReference:
        return entry
      default:
        if !isForeign { return entry }
      }
    }
  }

  /// The next entry of the area; nil after the last. Less than four bytes may be left over, and a
  /// writer may have filled up with zeros.
  private mutating func entryOfArea() throws(ISO9660Error) -> SystemUseEntry? {
    guard area.count - offset >= 4, let signature = area.u16BigEndian(at: offset),
      let length = area.u8(at: offset + 2), let version = area.u8(at: offset + 3), signature != 0
    else { return nil }
    guard length >= 4, let data = area.slice(at: offset + 4, count: Int(length) - 4) else {
      throw .badSystemUse(place, offset: offset)
    }
    if signature == SystemUseEntry.Signature.terminator {
      offset = area.count
      return nil
    }
    offset += Int(length)
    do { try volume.work.pay(.lookups) } catch { throw .device(error) }
    return SystemUseEntry(signature: signature, version: version, data: data, place: place)
  }

  private mutating func takeContinuation(_ entry: SystemUseEntry) throws(ISO9660Error) {
    let block = UInt64(try entry.data.bothEndian32(at: 0, in: place))
    let offset = UInt64(try entry.data.bothEndian32(at: 8, in: place))
    let count = UInt64(try entry.data.bothEndian32(at: 16, in: place))
    guard count <= UInt64(ISO9660Limits.continuationByteCount) else {
      throw .continuationTooLong(record, byteCount: count)
    }
    let start = block * blockByteCount + offset  // Under 2^44.
    guard block > 0, start <= volume.byteCount, count <= volume.byteCount - start else {
      throw .blockOutOfRange(record, block: block)
    }
    next = (start, count)
  }

  private mutating func loadContinuation() throws(ISO9660Error) -> Bool {
    guard let (start, count) = next else { return false }
    next = nil
    continuationCount += 1
    guard continuationCount <= ISO9660Limits.continuationCount else {
      throw .tooManyContinuations(record)
    }
    do { area = ByteView(try volume.read(at: start, count: Int(count))) } catch {
      throw .device(error)
    }
    place = .continuation(byteOffset: start)
    offset = 0
    return true
  }
}
