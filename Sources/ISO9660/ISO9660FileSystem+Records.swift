// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

extension ISO9660FileSystem {
  /// The first record of the directory at `range`, which must be of itself.
  static func selfRecord(
    of range: DirectoryRange, at place: ISO9660Structure, on volume: Volume<Device>
  ) throws(ISO9660Error) -> DirectoryRecord {
    var reader = try DirectoryReader(range, of: place, on: volume)
    guard let record = try reader.next(), record.isSelf, record.isDirectory else {
      throw .noSelfRecord(place)
    }
    return record
  }

  /// How system use areas are laid out if the root's record of itself announces Rock Ridge; nil if
  /// not. SP is the first entry of all, after the 14 bytes of CD-ROM XA if there are such.
  static func rockRidgeRules(
    of root: DirectoryRecord, blockByteCount: UInt64, on volume: Volume<Device>
  ) throws(ISO9660Error) -> SystemUseRules? {
    for start in [0, 14] {
      // SP, 7 bytes, version 1, and two bytes to check.
      guard let area = root.systemUse.suffix(from: start), area.u16BigEndian(at: 0) == 0x5350,
        area.u8(at: 2) == 7, area.u16BigEndian(at: 4) == 0xbeef, let skipped = area.u8(at: 6)
      else { continue }
      var reader = SystemUseReader(
        root, rules: SystemUseRules(skippedByteCount: start), blockByteCount: blockByteCount,
        on: volume)
      var rules = SystemUseRules(skippedByteCount: Int(skipped))
      var isFound = false
      var sequence: UInt8 = 0
      var ridge = RockRidge()
      while let entry = try reader.nextEntry() {
        if entry.signature == SystemUseEntry.Signature.extensionReference {
          if !isFound, isRockRidge(entry.data) {
            isFound = true
            rules.rockRidgeSequence = sequence
          }
          sequence &+= 1
        }
        try ridge.take(entry)
      }
      return isFound || ridge.isPresent ? rules : nil
    }
    return nil
  }

  /// Whether an ER entry is Rock Ridge's, under one of its names.
  private static func isRockRidge(_ data: ByteView) -> Bool {
    guard let count = data.u8(at: 0), let name = data.string(at: 4, count: Int(count)) else {
      return false
    }
    return name == "RRIP_1991A" || name == "IEEE_P1282" || name == "IEEE_1282"
  }

  /// The entries of a record's system use area.
  func systemUse(of record: DirectoryRecord) -> SystemUseReader<Device> {
    SystemUseReader(record, rules: rules, blockByteCount: blockByteCount, on: volume)
  }

  /// What Rock Ridge says of a record; nothing on a volume without it.
  func rockRidge(of record: DirectoryRecord) throws(ISO9660Error) -> RockRidge {
    var ridge = RockRidge()
    guard nameKind == .rockRidge else { return ridge }
    var reader = systemUse(of: record)
    while let entry = try reader.nextEntry() { try ridge.take(entry) }
    return ridge
  }

  /// The name of a record; nil if it is not shown.
  func name(of node: ISO9660Node) throws(ISO9660Error) -> ByteString? {
    let record = node.record
    if record.isSelf || record.isParent { return nil }
    var name: ByteString
    switch nameKind {
    case .joliet: name = FileName.joliet(record.identifier)
    case .plain: name = FileName.plain(record.identifier)
    case .rockRidge:
      let ridge = try rockRidgeName(of: record)
      if ridge.isRelocated { return nil }
      name = ridge.text ?? FileName.plain(record.identifier)
    }
    guard FileName.isUsable(name) else { throw .badName(record.place) }
    return name == "." || name == ".." ? nil : name
  }

  /// What a record's entries say of its name. Damage after a name that is complete is left to who
  /// wants the file: genisoimage cuts long link targets wrongly, and its neighbours are good.
  private func rockRidgeName(of record: DirectoryRecord) throws(ISO9660Error) -> RockRidgeName {
    var ridge = RockRidgeName()
    var reader = systemUse(of: record)
    do throws(ISO9660Error) {
      while let entry = try reader.nextEntry() { try ridge.take(entry) }
    } catch {
      if case .device = error { throw error }
      if !ridge.isComplete { throw error }
    }
    return ridge
  }

  func kind(of record: DirectoryRecord, _ ridge: RockRidge) -> NodeKind {
    if record.isDirectory || ridge.childBlock != nil { return .directory }
    switch ridge.mode.map({ $0 & 0xf000 }) {
    case nil, 0x8000: return .file
    case 0xa000: return .symbolicLink
    default: return .special
    }
  }

  /// The node itself, or the directory that stands elsewhere because it was too deep: CL says
  /// where.
  func resolved(_ node: ISO9660Node) throws(ISO9660Error) -> ISO9660Node {
    if node.record.isDirectory || nameKind != .rockRidge { return node }
    guard let block = try rockRidge(of: node.record).childBlock else { return node }
    return try directory(atBlock: block, linkedFrom: node.record.place)
  }

  /// The parent of a directory: as PL says if it was moved, or as its second record does.
  func parent(of directory: ISO9660Node) throws(ISO9660Error) -> ISO9660Node {
    var reader = try reader(of: directory)
    guard try reader.next() != nil, let record = try reader.next(), record.isParent,
      record.isDirectory
    else { throw .noSelfRecord(directory.record.place) }
    guard let block = try rockRidge(of: record).parentBlock else { return ISO9660Node(record) }
    return try self.directory(atBlock: block, linkedFrom: record.place)
  }

  /// The directory at a block, by its record of itself.
  private func directory(
    atBlock block: UInt32, linkedFrom place: ISO9660Structure
  ) throws(ISO9660Error) -> ISO9660Node {
    let start = UInt64(block) * blockByteCount
    // The size is in the record that is yet to be read: one sector has it.
    let range = DirectoryRange(
      byteOffset: start, byteCount: min(UInt64(VolumeDescriptor.byteCount), blockByteCount))
    let bad = ISO9660Error.badChildLink(place, block: UInt64(block))
    guard block > 0 else { throw bad }
    do throws(ISO9660Error) {
      let record = try Self.selfRecord(of: range, at: place, on: volume)
      let section = try record.section(blockByteCount: blockByteCount)
      guard section.byteOffset == start else { throw bad }
      return ISO9660Node(record)
    } catch {
      if case .device = error { throw error }
      throw bad
    }
  }

  /// The records of a directory that was `resolved`.
  func reader(of node: ISO9660Node) throws(ISO9660Error) -> DirectoryReader<Device> {
    guard node.record.isDirectory else { throw .notADirectory(node.record.place) }
    if node.record.isInterleaved || !node.moreRecords.isEmpty {
      throw .badRecord(node.record.place)
    }
    let section = try node.record.section(blockByteCount: blockByteCount)
    return try DirectoryReader(
      DirectoryRange(byteOffset: section.byteOffset, byteCount: section.byteCount),
      of: node.record.place, on: volume)
  }

  /// The size on the disk. Each of at most 1024 extents has 32 bits.
  func storedByteCount(of node: ISO9660Node) throws(ISO9660Error) -> UInt64 {
    var sum = try node.record.section(blockByteCount: blockByteCount).byteCount
    for record in node.moreRecords {
      sum += try record.section(blockByteCount: blockByteCount).byteCount
    }
    return sum
  }

  /// The extents on the disk, merged where they follow each other.
  func storedExtents(of node: ISO9660Node) throws(ISO9660Error) -> [Extent] {
    var result = ExtentRuns()
    for record in [node.record] + node.moreRecords {
      if record.isInterleaved {
        throw .unsupportedFile(record.place, feature: "interleaved extents")
      }
      let section = try record.section(blockByteCount: blockByteCount)
      if section.byteCount == 0 { continue }
      guard section.byteOffset <= volume.byteCount,
        section.byteCount <= volume.byteCount - section.byteOffset
      else {
        throw .blockOutOfRange(record.place, block: section.byteOffset / blockByteCount)
      }
      result.append(.run(byteOffset: section.byteOffset, byteCount: section.byteCount))
    }
    return result.extents
  }
}
