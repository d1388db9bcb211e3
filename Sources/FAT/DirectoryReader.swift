// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// An entry of a directory that is in use, with the name that it is shown by.
struct NamedEntry {
  let name: ByteString
  /// The short name, by which it can be found too.
  let shortName: ByteString
  let node: FATNode
}

/// The entries of a directory in order, 32 bytes each (FAT specification, section 6).
struct DirectoryReader<Device: BlockDevice> {
  private static var entryByteCount: Int { 32 }
  private static var chunkByteCount: UInt64 { 4096 }

  private let system: FATFileSystem<Device>
  private var runs: [Extent]
  private var chunk = ByteView([])
  private var offset = 0
  private var long = LongName()
  /// The volume's label, if the walk has met its entry.
  private(set) var label: ByteString?
  /// The same as it is stored.
  private(set) var storedLabel: ByteString = ""

  /// A walk over the directory `node`.
  init(_ node: FATNode, in system: FATFileSystem<Device>) throws(FATError) {
    self.system = system
    runs = try system.directoryRuns(of: node).reversed()
  }

  /// The next entry, `.` and `..` included; nil at the end.
  mutating func next() throws(FATError) -> NamedEntry? {
    // Ends: each turn takes 32 bytes of a directory, whose size is limited.
    while let entry = try rawEntry() {
      guard let first = entry.u8(at: 0), let attributes = entry.u8(at: 11) else { return nil }
      if first == 0 { return nil }
      if first == 0xe5 {
        long.drop()
        continue
      }
      if attributes & 0x3f == 0x0f {
        long.take(entry)
        continue
      }
      let longName = long.text(for: entry)
      long.drop()
      if attributes & 8 != 0 {
        if label == nil {
          label = ShortName.label(entry, at: 0)
          storedLabel = ShortName.storedLabel(entry, at: 0)
        }
        continue
      }
      let caseFlags = entry.u8(at: 12) ?? 0
      let short = ShortName.decode(entry, at: 0, caseFlags: caseFlags)
      // A name that no path can have.
      if longName == nil, short.isEmpty || short.bytes.contains(ASCII.slash) { continue }
      return NamedEntry(
        name: longName ?? short, shortName: short,
        node: FATNode(entry, isFAT32: system.bootSector.kind == .fat32))
    }
    return nil
  }

  private mutating func rawEntry() throws(FATError) -> ByteView? {
    if offset == chunk.count {
      guard case .run(let start, let count) = runs.popLast() else { return nil }
      let here = min(count, Self.chunkByteCount)
      if here < count { runs.append(.run(byteOffset: start + here, byteCount: count - here)) }
      chunk = try system.bytes(at: start, count: Int(here))
      offset = 0
    }
    // A long name has several entries, of which each costs more than a name elsewhere.
    try system.pay(.names, FATLimits.costOfEntry)
    let entry = chunk.slice(at: offset, count: Self.entryByteCount)
    offset += Self.entryByteCount
    return entry
  }
}
