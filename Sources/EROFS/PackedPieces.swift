// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Makes extents of a packed file's pieces, which come in the order of the file. Only those that
/// are wanted are kept.
struct PackedPieces<Device: BlockDevice> {
  /// How a piece is stored.
  enum Form {
    /// As it is, or with the blocks' last bytes first.
    case plain(isTurned: Bool)
    /// Packed; `isPartial` if it is the front of a longer piece.
    case packed(algorithm: UInt8, isPartial: Bool)
  }

  let inode: Inode
  let system: EROFSFileSystem<Device>
  /// The bytes of the file that extents are wanted of.
  let wanted: Range<UInt64>
  /// The extents so far.
  var extents: [Extent] { result.extents }

  private var result = ExtentRuns()

  init(inode: Inode, system: EROFSFileSystem<Device>, wanted: Range<UInt64>) {
    self.inode = inode
    self.system = system
    self.wanted = wanted
  }

  /// Whether any of these bytes of the file are wanted.
  func isWanted(from start: UInt64, to end: UInt64) -> Bool {
    max(start, wanted.lowerBound) < min(end, wanted.upperBound)
  }

  /// Adds the piece that has the file's bytes `start` to `end`. False if it can't be so long.
  @inline(never)
  mutating func append(
    _ form: Form, from start: UInt64, to end: UInt64, stored: Extent
  ) throws(EROFSError) -> Bool {
    guard isWanted(from: start, to: end) else { return true }
    guard result.extents.count < EROFSLimits.extentCount else {
      throw .tooManyExtents(inode: inode.number)
    }
    switch form {
    case .plain(let isTurned):
      let turned = isTurned ? start % system.superblock.blockByteCount : 0
      guard let parts = plain(end - start, stored, turned: turned) else { return false }
      var place = start
      for part in parts {
        let next = place + part.byteCount
        try take(part, from: place)
        place = next
      }
    case .packed(let algorithm, let isPartial):
      guard let part = try packed(algorithm, isPartial, end - start, stored) else { return false }
      try take(part, from: start)
    }
    return true
  }

  /// Adds zeros that are stored nowhere.
  mutating func appendZeros(from start: UInt64, to end: UInt64) throws(EROFSError) {
    try take(.zeros(byteCount: end - start), from: start)
  }

  /// Adds the rest of the file from `start` on, which is in the packed inode at `offset`.
  @inline(never)
  mutating func appendFragment(at offset: UInt64, from start: UInt64) throws(EROFSError) {
    let from = max(start, wanted.lowerBound)
    guard from < wanted.upperBound else { return }
    let place = Checked.sum(offset, from - start) ?? .max
    for extent in try system.fragment(of: inode, from: place, count: wanted.upperBound - from) {
      try append(extent)
    }
  }

  private mutating func append(_ extent: Extent) throws(EROFSError) {
    do { try result.append(extent, paidBy: system.volume.work) } catch { throw .device(error) }
  }

  /// Adds what is wanted of an extent that has the file's bytes from `start` on.
  private mutating func take(_ extent: Extent, from start: UInt64) throws(EROFSError) {
    let low = max(start, wanted.lowerBound)
    let high = min(start + extent.byteCount, wanted.upperBound)
    guard low < high, let tail = low == start ? extent : extent.split(at: low - start).tail else {
      return
    }
    try append(tail.split(at: high - low).head)
  }

  /// What is not packed. If it is turned, the first of its blocks begins with what belongs after
  /// the others; nil if it does not fit in.
  @inline(never)
  private func plain(_ byteCount: UInt64, _ stored: Extent, turned: UInt64) -> [Extent]? {
    guard byteCount <= stored.byteCount else { return nil }
    if turned == 0 { return [stored.split(at: byteCount).head] }
    let front = system.superblock.blockByteCount - turned
    guard stored.byteCount >= front,
      let last = stored.byteCount == front
        ? stored : stored.split(at: stored.byteCount - front).tail
    else { return nil }
    let first = last.split(at: min(front, byteCount)).head
    if byteCount <= front { return [first] }
    return [first, stored.split(at: byteCount - front).head]
  }

  @inline(never)
  private func packed(
    _ algorithm: UInt8, _ isPartial: Bool, _ byteCount: UInt64, _ stored: Extent
  ) throws(EROFSError) -> Extent? {
    guard let format = system.packing.format(algorithm) else {
      throw .unsupportedFile(inode: inode.number, feature: "algorithm \(algorithm)")
    }
    // Zstandard does not stop before its end: there is room for all of a piece of which the front
    // is wanted.
    let most =
      isPartial && format == .zstd
      ? max(byteCount, UInt64(EncodedExtent.decodedByteCountMax)) : byteCount
    let extent = EncodedExtent(
      format, stored: [stored], isPaddedInFront: system.superblock.features.hasPaddingInFront,
      decodedByteCount: most, byteCount: byteCount)
    return extent.map { .encoded($0) }
  }
}
