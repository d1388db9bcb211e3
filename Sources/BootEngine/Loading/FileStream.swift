// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import KernelImage
import StubMachine
import XenFrontends

/// A file of the guest as a stream of chunks. While one chunk is decoded, the next ones are on
/// their way: enough of them to keep a disk busy that takes a millisecond for a request.
final class FileStream<M: Machine>: KernelSource {
  /// Pages of one of the buffers: 512 KiB.
  private static var chunkPageCount: Int { 128 }
  private static var chunkByteCount: UInt64 { UInt64(chunkPageCount) * Page.byteCount }
  /// How many buffers there are: one is decoded, the others are being filled.
  private static var bufferCount: Int { 4 }

  private struct Chunk {
    let buffer: Int
    let byteCount: Int
    let plan: ReadPlan
    let tickets: FileDisks<M>.Tickets
  }

  private let attempt: Attempt<M>
  private let file: GuestFile<M>
  /// The disks that the file is on; nil for a stream.
  private let disks: FileDisks<M>?
  /// What is read beside the kernel.
  private let ahead: RamdisksAhead<M>
  private var remainder: PlanRemainder<M>?
  private var buffers: [SharedPages] = []
  /// What was not asked for yet.
  private var rest: ExtentQueue
  /// Bytes of the file that are there, in whole chunks.
  private var readByteCount: UInt64 = 0
  /// Bytes of the file that were asked for.
  private var requestedByteCount: UInt64 = 0
  /// The chunks on their way, in order.
  private var pending: [Chunk] = []
  /// The buffer of the chunk that was given last.
  private var current: Int?
  private var chunkCount = 0
  /// Frames that backends held before.
  private let heldBefore: Int

  var byteCount: UInt64 { file.byteCount }

  init(
    _ file: GuestFile<M>, _ attempt: Attempt<M>, ahead: RamdisksAhead<M>
  ) throws(HypervisorError) {
    self.attempt = attempt
    self.file = file
    self.ahead = ahead
    disks = file.volume.map { FileDisks($0) }
    remainder = file.volume.map { PlanRemainder($0, on: attempt.machine) }
    rest = ExtentQueue(file.extents)
    heldBefore = disks?.heldGrantCount ?? 0
    do throws(HypervisorError) {
      for _ in 0..<Self.bufferCount {
        buffers.append(try attempt.machine.allocateSharedPages(count: Self.chunkPageCount))
      }
    } catch {
      for pages in buffers { attempt.machine.release(pages) }
      throw error
    }
  }

  /// Gives up what is under way, and gives the buffers back. To be called once, at the end. What is
  /// read ahead goes on.
  func end() {
    for chunk in pending { disks?.drop(chunk.tickets, on: attempt.machine) }
    pending = []
    // Not all disks of the guest are settled, which would end what is read ahead.
    if disks?.letGo(heldBefore: heldBefore, on: attempt.machine) ?? true {
      for pages in buffers { attempt.machine.release(pages) }
    } else {
      // Deliberately leaked: a backend may still write here.
      attempt.sayHeld()
    }
    buffers = []
  }

  func nextChunk() throws(BlockError) -> UnsafeRawBufferPointer {
    chunkCount += 1
    // In the midst of the file, with a read under way.
    if chunkCount == 2 {
      if attempt.isDue(.read) { throw .outOfResources("self-test: the step 'read' fails") }
      if attempt.isDue(.decode) { return UnsafeRawBufferPointer(start: nil, count: 0) }
    }
    if case .stream(let stream) = file.source { return try nextPiece(of: stream) }
    guard let disks else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    if let current {
      try request(buffer: current)
    } else {
      for buffer in buffers.indices { try request(buffer: buffer) }
    }
    current = nil
    ahead.goOn(isKernelRequested: requestedByteCount == file.byteCount)
    guard let chunk = pending.first else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    try disks.finish(chunk.tickets, on: attempt.machine) { () throws(BlockError) in
      try self.attempt.goOn(self.readByteCount)
    }
    pending.removeFirst()
    try remainder?.finish(chunk.plan) { _ in }
    readByteCount += UInt64(chunk.byteCount)
    try attempt.goOn(readByteCount)
    current = chunk.buffer
    return UnsafeRawBufferPointer(start: buffers[chunk.buffer].address, count: chunk.byteCount)
  }

  /// A chunk of a file that is on no disk; it comes when it is asked for.
  private func nextPiece(
    of stream: any FileContentsStream
  ) throws(BlockError) -> UnsafeRawBufferPointer {
    let count = Int(min(Self.chunkByteCount, file.byteCount - readByteCount))
    let buffer = UnsafeMutableRawBufferPointer(start: buffers[0].address, count: count)
    if count > 0 { try stream.read(at: readByteCount, into: buffer) }
    readByteCount += UInt64(count)
    try attempt.goOn(readByteCount)
    ahead.goOn(isKernelRequested: readByteCount == file.byteCount)
    return UnsafeRawBufferPointer(buffer)
  }

  func bytes(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8]? {
    try file.contents(at: byteOffset, countMax: count)
  }

  /// Asks for the next part of the file.
  private func request(buffer: Int) throws(BlockError) {
    let count = min(Self.chunkByteCount, file.byteCount - requestedByteCount)
    guard count > 0, let disks else { return }
    let plan = try ReadPlan(
      rest.take(byteCount: count), on: disks.volume,
      target: ReadPlan.Target(frames: FrameRange.runs(buffers[buffer].frames[...])))
    let tickets = try disks.submit(plan)
    requestedByteCount += count
    pending.append(Chunk(buffer: buffer, byteCount: Int(count), plan: plan, tickets: tickets))
  }
}
