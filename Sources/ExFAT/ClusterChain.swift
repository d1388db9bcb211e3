// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A walk along the clusters of a file: by the table, whose entries of 32 bits each name the next
/// one (section 4.1), or just one after the other.
struct ClusterChain<Device: BlockDevice> {
  private static var windowByteCount: UInt64 { 8192 }

  private let system: ExFATFileSystem<Device>
  private let first: UInt32
  private let isContiguous: Bool
  private(set) var cluster: UInt32
  private var window = ByteView([])
  private var windowOffset: UInt64 = .max
  /// Where the walk was when its steps were last a power of two. A chain that comes there again
  /// goes in a circle (Brent's algorithm).
  private var mark: UInt32
  private var stepCount: UInt64 = 0
  private var nextMark: UInt64 = 1

  /// A walk that starts with the cluster `first`.
  init(
    _ first: UInt32, isContiguous: Bool, in system: ExFATFileSystem<Device>
  ) throws(ExFATError) {
    guard system.hasCluster(first) else { throw .badCluster(first, from: first) }
    self.system = system
    self.first = first
    self.isContiguous = isContiguous
    cluster = first
    mark = first
  }

  /// Goes on to the next cluster; false at the chain's end.
  mutating func advance() throws(ExFATError) -> Bool {
    let next = isContiguous ? cluster &+ 1 : try entry(cluster)
    if next == .max, !isContiguous { return false }
    guard system.hasCluster(next) else { throw .badCluster(next, from: cluster) }
    cluster = next
    if isContiguous { return true }
    guard cluster != mark else { throw .chainLoops(first: first) }
    stepCount += 1
    if stepCount == nextMark {
      mark = cluster
      nextMark *= 2
    }
    return true
  }

  /// The entry of a cluster of the file system, which the table has room for.
  @inline(never)
  private mutating func entry(_ cluster: UInt32) throws(ExFATError) -> UInt32 {
    let offset = 4 * UInt64(cluster)
    let start = offset - offset % Self.windowByteCount
    if start != windowOffset {
      let all = 4 * (UInt64(system.bootSector.clusterCount) + 2)
      let count = min(Self.windowByteCount, all - start)
      window = try system.bytes(
        at: system.bootSector.tableByteOffset + start, count: Int(count))
      windowOffset = start
    }
    guard let value = window.u32(at: Int(offset - start)) else {
      throw .badCluster(cluster, from: first)
    }
    return value
  }
}
