// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A walk along the table: each entry names the next cluster of the file (FAT specification,
/// section 4). The table is read in windows, of which one holds all of a FAT12 table.
struct ClusterChain<Device: BlockDevice> {
  private static var windowByteCount: UInt64 { 8192 }

  private let system: FATFileSystem<Device>
  private let first: UInt32
  private(set) var cluster: UInt32
  private var window = ByteView([])
  private var windowOffset: UInt64 = .max
  /// Where the walk was when its steps were last a power of two. A chain that comes there again
  /// goes in a circle (Brent's algorithm).
  private var mark: UInt32
  private var stepCount: UInt64 = 0
  private var nextMark: UInt64 = 1

  /// A walk that starts with the cluster `first`.
  init(_ first: UInt32, in system: FATFileSystem<Device>) throws(FATError) {
    guard system.hasCluster(first) else { throw .badCluster(first, from: first) }
    self.system = system
    self.first = first
    cluster = first
    mark = first
  }

  /// Goes on to the next cluster; false at the chain's end.
  mutating func advance() throws(FATError) -> Bool {
    let next = try entry(cluster)
    if next >= endMark { return false }
    guard system.hasCluster(next) else { throw .badCluster(next, from: cluster) }
    cluster = next
    guard cluster != mark else { throw .chainLoops(first: first) }
    stepCount += 1
    if stepCount == nextMark {
      mark = cluster
      nextMark *= 2
    }
    return true
  }

  private var endMark: UInt32 {
    switch system.bootSector.kind {
    case .fat12: 0xff8
    case .fat16: 0xfff8
    case .fat32: 0x0fff_fff8
    }
  }

  /// The entry of a cluster of the file system, which the table has room for.
  private mutating func entry(_ cluster: UInt32) throws(FATError) -> UInt32 {
    let number = UInt64(cluster)
    switch system.bootSector.kind {
    case .fat12:
      // Two entries share three bytes.
      let pair = UInt32(try value(at: number + number / 2, byteCount: 2))
      return cluster % 2 == 0 ? pair & 0xfff : pair >> 4
    case .fat16: return UInt32(try value(at: 2 * number, byteCount: 2))
    case .fat32: return try value(at: 4 * number, byteCount: 4) & 0x0fff_ffff
    }
  }

  /// 2 or 4 bytes of the table.
  private mutating func value(at offset: UInt64, byteCount: Int) throws(FATError) -> UInt32 {
    let start = offset - offset % Self.windowByteCount
    if start != windowOffset {
      let sector = system.bootSector
      guard start < sector.tableByteCount else { throw .badCluster(cluster, from: first) }
      let count = min(Self.windowByteCount, sector.tableByteCount - start)
      window = try system.bytes(at: sector.tableByteOffset + start, count: Int(count))
      windowOffset = start
    }
    let place = Int(offset - start)
    let value = byteCount == 2 ? window.u16(at: place).map { UInt32($0) } : window.u32(at: place)
    guard let value else { throw .badCluster(cluster, from: first) }
    return value
  }
}
