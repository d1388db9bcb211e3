// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Sizes that a `CachedDevice` has unless told otherwise.
public enum CacheLimits {
  /// The bytes read at once, which is also the read-ahead.
  public static let lineByteCount = 64 * 1024

  /// The number of lines kept: 4 MiB in all.
  public static let lineCount = 64
}

/// A device that remembers what was read from another one.
///
/// Metadata is small and lies together, so a read fetches the whole line around it. The line
/// that was not used for the longest time makes room for a new one. Reads that are longer than
/// two lines are data rather than metadata and go past the cache.
public final class CachedDevice<Base: BlockDevice>: BlockDevice {
  private struct Line {
    let index: UInt64
    let bytes: [UInt8]
    var lastUse: UInt64
  }

  /// The device that is read.
  public let base: Base

  /// What pays for the work.
  public let work: WorkAccount

  private let lineByteCount: Int
  private let lineCountMax: Int
  private var lines: [Line] = []
  /// The line that was used last, which is mostly the next one too.
  private var lastSlot = 0
  private var useCount: UInt64 = 0

  /// A cache over `base`. `lineByteCount` is a power of two and at least a sector.
  public init(
    _ base: Base, lineByteCount: Int = CacheLimits.lineByteCount,
    lineCount: Int = CacheLimits.lineCount, work: WorkAccount? = nil
  ) {
    precondition(
      lineByteCount >= base.sectorByteCount && lineByteCount & (lineByteCount - 1) == 0,
      "a cache line is a power of two and holds a sector")
    precondition(lineCount > 0, "a cache without lines")
    self.base = base
    self.work = work ?? base.work
    self.lineByteCount = lineByteCount
    lineCountMax = lineCount
    lines.reserveCapacity(lineCount)
  }

  /// The name of the device below.
  public var name: ByteString { base.name }

  /// The size of the device below.
  public var byteCount: UInt64 { base.byteCount }

  /// The sector size of the device below.
  public var sectorByteCount: Int { base.sectorByteCount }

  /// Reads from the cache, or fills it and then reads from it.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    if count == 0 { return [] }
    if count > 2 * lineByteCount {
      try work.pay(.readBytes, count)
      return try base.read(at: byteOffset, count: count)
    }
    var result: [UInt8] = []
    var position = byteOffset
    var rest = count
    while rest > 0 {
      let index = position / UInt64(lineByteCount)
      let start = Int(position % UInt64(lineByteCount))
      let step = min(rest, lineByteCount - start)
      guard let slot = try slot(ofLine: index, orNilIfOnlyPartIsReadable: step) else {
        // A bad sector elsewhere in the line must not hide what was asked for.
        try work.pay(.readBytes, count)
        return try base.read(at: byteOffset, count: count)
      }
      if step == count { return Array(lines[slot].bytes[start..<start + step]) }
      result.append(contentsOf: lines[slot].bytes[start..<start + step])
      position += UInt64(step)
      rest -= step
    }
    return result
  }

  /// Reads from the device below, past the cache.
  public func readAgain(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try work.pay(.readBytes, count)
    return try base.readAgain(at: byteOffset, count: count)
  }

  /// Whether the device below may be written.
  public var isWritable: Bool { base.isWritable }

  /// Writes to the device below, and forgets what was read from there.
  public func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {
    removeAll()
    try base.write(bytes, at: byteOffset)
  }

  /// Forgets everything, so that the device is read again.
  public func removeAll() { lines.removeAll(keepingCapacity: true) }

  private func slot(
    ofLine index: UInt64, orNilIfOnlyPartIsReadable wantedByteCount: Int
  ) throws(BlockError) -> Int? {
    useCount += 1
    if lastSlot >= lines.count || lines[lastSlot].index != index {
      guard let slot = lines.firstIndex(where: { $0.index == index }) else {
        return try newSlot(ofLine: index, orNilIfOnlyPartIsReadable: wantedByteCount)
      }
      lastSlot = slot
    }
    lines[lastSlot].lastUse = useCount
    return lastSlot
  }

  private func newSlot(
    ofLine index: UInt64, orNilIfOnlyPartIsReadable wantedByteCount: Int
  ) throws(BlockError) -> Int? {
    // The index was made from an offset inside the device.
    let start = index * UInt64(lineByteCount)
    let count = Int(min(UInt64(lineByteCount), base.byteCount - start))
    let bytes: [UInt8]
    try work.pay(.readBytes, count)
    do {
      bytes = try base.read(at: start, count: count)
    } catch {
      if case .readFailed = error, wantedByteCount < count { return nil }
      throw error
    }
    guard bytes.count == count else { throw .protocolViolation("a read of another length") }
    return place(Line(index: index, bytes: bytes, lastUse: useCount))
  }

  private func place(_ line: Line) -> Int {
    if lines.count < lineCountMax {
      lines.append(line)
      return lines.count - 1
    }
    var oldest = 0
    for slot in lines.indices where lines[slot].lastUse < lines[oldest].lastUse { oldest = slot }
    lines[oldest] = line
    return oldest
  }
}
