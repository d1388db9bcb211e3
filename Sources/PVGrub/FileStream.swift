// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import KernelImage
import MiniOS
import XenFrontends

/// A file of the guest as a stream of chunks. While one chunk is decoded, the next ones are on
/// their way: enough of them to keep a disk busy that takes a millisecond for a request.
final class FileStream: KernelSource {
  /// Pages of one of the buffers: 512 KiB.
  private static let chunkPageCount = 128
  private static let chunkByteCount = UInt64(chunkPageCount * 4096)
  /// How many buffers there are: one is decoded, the others are being filled.
  private static let bufferCount = 4

  private let file: GuestFile
  private let disks: FileDisks
  private let loader: Loader
  private var reader: ExtentReader<CachedDisk>
  private var buffers: [SharedPages] = []
  /// What was not asked for yet.
  private var rest: ExtentQueue
  /// What is read beside the kernel.
  private let ahead: RamdisksAhead?
  /// Bytes of the file that are there, in whole chunks.
  private var readByteCount: UInt64 = 0
  /// Bytes of the file that were asked for.
  private var requestedByteCount: UInt64 = 0
  /// The chunks on their way, in order.
  private var pending: [Chunk] = []
  /// The buffer of the chunk that was given last.
  private var current: Int?
  private var chunkCount = 0

  private struct Chunk {
    let buffer: Int
    let byteCount: Int
    let plan: ReadPlan
    let tickets: [DiskTicket]
  }

  var byteCount: UInt64 { file.byteCount }

  init(
    _ file: GuestFile, loader: Loader, ahead: RamdisksAhead? = nil
  ) throws(HypervisorError) {
    self.file = file
    self.ahead = ahead
    disks = file.disks
    self.loader = loader
    reader = ExtentReader(file.volume)
    rest = ExtentQueue(file.extents)
    do throws(HypervisorError) {
      for _ in 0..<Self.bufferCount {
        buffers.append(try loader.hypervisor.allocateSharedPages(count: Self.chunkPageCount))
      }
    } catch {
      for pages in buffers { loader.hypervisor.release(pages) }
      throw error
    }
  }

  /// Waits for what is under way and gives the buffers back. To be called once, at the end.
  func end() {
    defer { buffers = [] }
    if let ahead, ahead.isUnderWay, !ahead.hasFailed, finishOwnReads(), disks.heldGrantCount == 0 {
      for pages in buffers { loader.hypervisor.release(pages) }
      return
    }
    if !disks.isDone {
      ahead?.noteFailure()
      disks.cancel()
      _ = try? disks.finishReading(loader.hypervisor)
    }
    pending = []
    // What a backend may still write to is nobody's memory any more.
    if disks.settle() {
      for pages in buffers { loader.hypervisor.release(pages) }
    }
  }

  /// Waits for this file's chunks alone; false after an error.
  private func finishOwnReads() -> Bool {
    guard let last = pending.last else { return true }
    pending = []
    do throws(BlockError) {
      try finishReading(last.tickets)
    } catch { return false }
    return true
  }

  func nextChunk() throws(BlockError) -> UnsafeRawBufferPointer {
    chunkCount += 1
    // In the midst of the file, with a read under way.
    if chunkCount == 2 {
      if Fault.isDue(.read) { throw .outOfResources("the self-test's sake") }
      if Fault.isDue(.decode) { return UnsafeRawBufferPointer(start: nil, count: 0) }
    }
    if let current {
      try request(buffer: current)
    } else {
      for buffer in buffers.indices { try request(buffer: buffer) }
    }
    current = nil
    ahead?.goOn(isRequested: requestedByteCount == file.byteCount)
    if let ahead, ahead.isUnderWay, Fault.isDue(.readAhead) {
      ahead.noteFailure()
      throw .outOfResources("the self-test's sake")
    }
    guard let chunk = pending.first else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    pending.removeFirst()
    // What is not put into its place by the disk is read with nothing else under way.
    let needsMore = !chunk.plan.reads.isEmpty || !chunk.plan.unpackings.isEmpty
    try finishReading(needsMore ? nil : chunk.tickets)
    try disks.finish(chunk.plan, reader: &reader)
    readByteCount += UInt64(chunk.byteCount)
    loader.loadingGoesOn(readByteCount)
    current = chunk.buffer
    return UnsafeRawBufferPointer(start: buffers[chunk.buffer].address, count: chunk.byteCount)
  }

  func bytes(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8]? {
    // Chunks and metadata are not read at the same time. The chunks stay for their turn.
    try finishReading(nil)
    return try file.contents(at: byteOffset, countMax: count)
  }

  private func finishReading(_ tickets: [DiskTicket]?) throws(BlockError) {
    do throws(BlockError) {
      try disks.finishReading(loader.hypervisor, tickets: tickets) {
        self.loader.loadingGoesOn(self.readByteCount)
      }
    } catch {
      ahead?.noteFailure()
      throw error
    }
  }

  /// Asks for the next part of the file.
  private func request(buffer: Int) throws(BlockError) {
    let count = min(Self.chunkByteCount, file.byteCount - requestedByteCount)
    guard count > 0 else { return }
    let plan = try ReadPlan(
      rest.take(byteCount: count), on: file.volume,
      target: ReadPlan.Target(frames: BlockIO.FrameRange.runs(buffers[buffer].frames[...])))
    requestedByteCount += count
    let tickets = try disks.submit(plan)
    pending.append(Chunk(buffer: buffer, byteCount: Int(count), plan: plan, tickets: tickets))
  }
}
