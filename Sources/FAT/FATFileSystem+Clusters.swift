// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension FATFileSystem {
  /// Whether the file system has a cluster of that number.
  func hasCluster(_ cluster: UInt32) -> Bool {
    cluster >= 2 && cluster - 2 < bootSector.clusterCount
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(FATError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// Bytes of the volume.
  func bytes(at offset: UInt64, count: Int) throws(FATError) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch {
      throw .device(error)
    }
  }

  /// Adds the first `byteCount` bytes of a cluster that the file system has.
  func append(
    _ cluster: UInt32, _ byteCount: UInt64, of first: UInt32, to runs: inout ExtentRuns
  ) throws(FATError) {
    // 28 bits of cluster, 19 of its size, and an offset of under 2^48.
    let start = bootSector.dataByteOffset + UInt64(cluster - 2) * bootSector.clusterByteCount
    guard start <= volume.byteCount, byteCount <= volume.byteCount - start else {
      throw .clusterBeyondVolume(cluster)
    }
    do { try runs.append(.run(byteOffset: start, byteCount: byteCount), paidBy: volume.work) } catch
    {
      throw .device(error)
    }
    guard runs.extents.count <= FATLimits.extentCount else { throw .tooFragmented(first: first) }
  }

  /// Where a directory is on the volume: a chain of clusters, or the place of its own that the root
  /// has on FAT12 and FAT16.
  func directoryRuns(of node: FATNode) throws(FATError) -> [Extent] {
    guard node.isDirectory else { throw .notADirectory(first: node.firstCluster) }
    let first = node.firstCluster
    if first == 0, bootSector.kind != .fat32 {
      return [.run(byteOffset: bootSector.rootByteOffset, byteCount: bootSector.rootByteCount)]
    }
    var runs = ExtentRuns()
    var chain = try ClusterChain(first, in: self)
    var byteCount: UInt64 = 0
    repeat {
      byteCount += bootSector.clusterByteCount
      guard byteCount <= FATLimits.directoryByteCount else {
        throw .directoryTooLarge(first: first)
      }
      try append(chain.cluster, bootSector.clusterByteCount, of: first, to: &runs)
    } while try chain.advance()
    return runs.extents
  }
}
