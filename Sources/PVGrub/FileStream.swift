// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import KernelImage
import MiniOS
import XenFrontends

/// A file of the guest as a stream of chunks. While one chunk is decoded, the next is on its way.
final class FileStream: KernelSource {
  /// Pages of one of the two buffers: 512 KiB.
  private static let chunkPageCount = 128
  private static let chunkByteCount = UInt64(chunkPageCount * 4096)

  private let file: GuestFile
  private let disks: FileDisks
  private let loader: Loader
  private var reader: ExtentReader<CachedDisk>
  private var buffers: [SharedPages] = []
  /// What is left of the file: one extent, and those behind it.
  private var nextExtent: Extent?
  private var extents: IndexingIterator<[Extent]>
  /// Bytes of the file that are there, in whole chunks.
  private var readByteCount: UInt64 = 0
  /// Bytes of the file that were asked for.
  private var requestedByteCount: UInt64 = 0
  /// The chunk on its way.
  private var pending: Chunk?
  private var chunkCount = 0

  private struct Chunk {
    let buffer: Int
    let byteCount: Int
    let plan: ReadPlan
  }

  var byteCount: UInt64 { file.byteCount }

  init(_ file: GuestFile, loader: Loader) throws(HypervisorError) {
    self.file = file
    disks = file.disks
    self.loader = loader
    reader = ExtentReader(file.volume)
    extents = file.extents.makeIterator()
    nextExtent = extents.next()
    do throws(HypervisorError) {
      for _ in 0..<2 {
        buffers.append(try loader.hypervisor.allocateSharedPages(count: Self.chunkPageCount))
      }
    } catch {
      for pages in buffers { loader.hypervisor.release(pages) }
      throw error
    }
  }

  /// Waits for what is under way and gives the buffers back. To be called once, at the end.
  func end() {
    if !disks.isDone {
      disks.cancel()
      _ = try? finishReading()
    }
    pending = nil
    // What a backend may still write to is nobody's memory any more.
    if disks.settle() {
      for pages in buffers { loader.hypervisor.release(pages) }
    }
    buffers = []
  }

  func nextChunk() throws(BlockError) -> UnsafeRawBufferPointer {
    if pending == nil { try request(buffer: 0) }
    chunkCount += 1
    // In the midst of the file, with a read under way.
    if chunkCount == 2 {
      if Fault.isDue(.read) { throw .outOfResources("the self-test's sake") }
      if Fault.isDue(.decode) { return UnsafeRawBufferPointer(start: nil, count: 0) }
    }
    guard let chunk = pending else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    pending = nil
    try finishReading()
    try disks.finish(chunk.plan, reader: &reader)
    readByteCount += UInt64(chunk.byteCount)
    loader.loadingGoesOn(readByteCount)
    try request(buffer: 1 - chunk.buffer)
    return UnsafeRawBufferPointer(start: buffers[chunk.buffer].address, count: chunk.byteCount)
  }

  func bytes(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8]? {
    // Chunks and metadata are not read at the same time. The chunk stays for its turn.
    try finishReading()
    return try file.contents(at: byteOffset, countMax: count)
  }

  private func finishReading() throws(BlockError) {
    try disks.finishReading(loader.hypervisor) {
      self.loader.loadingGoesOn(self.readByteCount + self.disks.completedByteCount)
    }
  }

  /// Asks for the next part of the file.
  private func request(buffer: Int) throws(BlockError) {
    let count = min(Self.chunkByteCount, file.byteCount - requestedByteCount)
    guard count > 0 else { return }
    let plan = try ReadPlan(
      takeExtents(byteCount: count), on: file.volume,
      target: ReadPlan.Target(frames: BlockIO.FrameRange.runs(buffers[buffer].frames[...])))
    requestedByteCount += count
    try disks.submit(plan)
    pending = Chunk(buffer: buffer, byteCount: Int(count), plan: plan)
  }

  /// Cuts the first `byteCount` bytes off the extents that are left.
  private func takeExtents(byteCount: UInt64) -> [Extent] {
    var result: [Extent] = []
    var rest = byteCount
    while rest > 0, let first = nextExtent {
      let (head, tail) = first.split(at: rest)
      result.append(head)
      rest -= min(rest, head.byteCount)
      nextExtent = tail ?? extents.next()
    }
    return result
  }
}
