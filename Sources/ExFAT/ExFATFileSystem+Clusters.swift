// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension ExFATFileSystem {
  /// Whether the file system has a cluster of that number.
  func hasCluster(_ cluster: UInt32) -> Bool {
    cluster >= 2 && cluster - 2 < bootSector.clusterCount
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(ExFATError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// Bytes of the volume.
  func bytes(at offset: UInt64, count: Int) throws(ExFATError) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch {
      throw .device(error)
    }
  }

  /// Where a directory is on the volume.
  @inline(never)
  func directoryRuns(of node: ExFATNode) throws(ExFATError) -> [Extent] {
    let first = node.firstCluster
    guard node.isDirectory else { throw .notADirectory(first: first) }
    var runs = ExtentRuns()
    if let byteCount = node.byteCount {
      guard byteCount <= ExFATLimits.directoryByteCount else {
        throw .directoryTooLarge(first: first)
      }
      try append(node, byteCount: byteCount, to: &runs)
      return runs.extents
    }
    var chain = try ClusterChain(first, isContiguous: false, in: self)
    var byteCount: UInt64 = 0
    repeat {
      byteCount += bootSector.clusterByteCount
      // One cluster may be larger than that.
      guard byteCount <= max(ExFATLimits.directoryByteCount, bootSector.clusterByteCount) else {
        throw .directoryTooLarge(first: first)
      }
      try append(chain.cluster, bootSector.clusterByteCount, of: first, to: &runs)
    } while try chain.advance()
    return runs.extents
  }

  /// Adds the first `byteCount` bytes of a file or a directory.
  @inline(never)
  func append(
    _ node: ExFATNode, byteCount: UInt64, to runs: inout ExtentRuns
  ) throws(ExFATError) {
    if byteCount == 0 { return }
    let first = node.firstCluster
    let size = bootSector.clusterByteCount
    // At most 2^57.
    guard byteCount <= UInt64(bootSector.clusterCount) << bootSector.clusterShift else {
      throw .badSize(first: first, byteCount: byteCount)
    }
    if node.isContiguous {
      let last = UInt64(first) + (byteCount - 1) >> bootSector.clusterShift
      guard hasCluster(first) else { throw .badCluster(first, from: first) }
      guard last - 2 < UInt64(bootSector.clusterCount) else {
        throw .chainTooShort(first: first, byteCount: byteCount)
      }
      try append(first, byteCount, of: first, to: &runs)
      return
    }
    var chain = try ClusterChain(first, isContiguous: false, in: self)
    var rest = byteCount
    while true {
      let here = min(rest, size)
      try append(chain.cluster, here, of: first, to: &runs)
      rest -= here
      if rest == 0 { return }
      guard try chain.advance() else { throw .chainTooShort(first: first, byteCount: byteCount) }
    }
  }

  /// Adds `byteCount` bytes from the start of a cluster on that the file system has.
  @inline(never)
  private func append(
    _ cluster: UInt32, _ byteCount: UInt64, of first: UInt32, to runs: inout ExtentRuns
  ) throws(ExFATError) {
    // 32 bits of cluster, 25 of its size, and an offset of under 2^44.
    let start = bootSector.dataByteOffset + UInt64(cluster - 2) << bootSector.clusterShift
    guard start <= volume.byteCount, byteCount <= volume.byteCount - start else {
      throw .clusterBeyondVolume(cluster)
    }
    do { try runs.append(.run(byteOffset: start, byteCount: byteCount), paidBy: volume.work) } catch
    {
      throw .device(error)
    }
    guard runs.extents.count <= ExFATLimits.extentCount else { throw .tooFragmented(first: first) }
  }
}
