// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Glibc
import KernelImage

enum FakeFailure: BootFailure {
  case broken(Int)
  case full(UInt64)

  var family: FailureFamily { .device }
  var message: ByteString { "fake" }
}

/// A file in memory that comes in chunks, each in a buffer of its own that is overwritten when the
/// next one is asked for.
final class FakeFile: KernelSource {
  let byteCount: UInt64
  private let bytes: [UInt8]
  private let chunkByteCount: Int
  private let failsAtChunk: Int
  private let canSeek: Bool
  private var position = 0
  private(set) var chunkCount = 0
  private let buffer: UnsafeMutableRawBufferPointer

  init(
    _ bytes: [UInt8], chunk: Int = 65536, claimedByteCount: UInt64? = nil,
    failsAtChunk: Int = .max, canSeek: Bool = true
  ) {
    self.canSeek = canSeek
    self.bytes = bytes
    byteCount = claimedByteCount ?? UInt64(bytes.count)
    chunkByteCount = chunk
    self.failsAtChunk = failsAtChunk
    buffer = .allocate(byteCount: chunk, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Bytes out of order; empty where the file is shorter than it says.
  fileprivate func part(_ start: Int, _ count: Int) -> [UInt8] {
    Array(bytes.dropFirst(start).prefix(count))
  }

  func nextChunk() throws(FakeFailure) -> UnsafeRawBufferPointer {
    if chunkCount == failsAtChunk { throw .broken(chunkCount) }
    chunkCount += 1
    for index in 0..<buffer.count { buffer[index] = 0xee }
    let count = min(chunkByteCount, bytes.count - position)
    for index in 0..<count { buffer[index] = bytes[position + index] }
    position += count
    return UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }
}

extension FakeFile {
  func bytes(at byteOffset: UInt64, count: Int) throws(FakeFailure) -> [UInt8]? {
    canSeek ? part(Int(byteOffset), count) : nil
  }
}

/// Memory that gives windows of at most `windowByteCount` bytes, and remembers what it was asked.
final class FakeMemory: KernelMemory {
  private(set) var prepared: [Range<UInt64>] = []
  private(set) var regionCount = 0
  private let windowByteCount: Int
  private let failsAt: UInt64
  private let refuses: Bool
  private let isReadable: Bool
  private var base: UInt64 = 0
  private var storage: UnsafeMutableRawBufferPointer?
  /// The window for a file in a row; far larger than any file here, and only used where touched.
  private var linear: UnsafeMutableRawBufferPointer?
  private var plan: LinearPlan?
  private let linearByteCountMax = 128 << 20
  private(set) var linearByteCounts: [UInt64] = []
  private(set) var gapPageCount = 0

  init(
    window: Int = 1 << 30, failsAt: UInt64 = .max, refuses: Bool = false, isReadable: Bool = true
  ) {
    self.isReadable = isReadable
    windowByteCount = window
    self.failsAt = failsAt
    self.refuses = refuses
  }

  deinit {
    storage?.deallocate()
    releaseLinear()
  }

  private func releaseLinear() {
    if let linear { munmap(linear.baseAddress, linear.count) }
    linear = nil
  }

  func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64, filledByteCount: UInt64
  ) throws(FakeFailure) -> UnsafeMutableRawBufferPointer {
    if byteCount > linearByteCountMax || byteCount >= failsAt { throw .full(byteCount) }
    linearByteCounts.append(byteCount)
    self.plan = plan
    if linear == nil {
      linear = UnsafeMutableRawBufferPointer(
        start: mmap(
          nil, linearByteCountMax, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        count: linearByteCountMax)
      try mapGaps(plan)
    }
    guard let linear else { throw .broken(3) }
    return UnsafeMutableRawBufferPointer(rebasing: linear[..<Int(byteCount)])
  }

  /// One page of a file for all pages of all gaps, as the loader has one frame for them.
  private func mapGaps(_ plan: LinearPlan) throws(FakeFailure) {
    guard !plan.gaps.isEmpty, let start = linear?.baseAddress else { return }
    guard let file = tmpfile() else { throw .broken(4) }
    defer { fclose(file) }
    guard ftruncate(fileno(file), 4096) == 0 else { throw .broken(5) }
    for page in plan.gaps.joined() {
      let mapped = mmap(
        start + Int(page * 4096), 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
        fileno(file), 0)
      guard mapped == start + Int(page * 4096) else { throw .broken(6) }
      gapPageCount += 1
    }
  }

  /// What changing hands of pages comes to.
  func endLinearWindow() throws(FakeFailure) {
    guard let storage, let linear, let plan else { throw .broken(1) }
    for run in plan.runs {
      for page in run.filePages {
        guard let physical = plan.physicalPage(ofFilePage: page) else { throw .broken(2) }
        let target = Int(physical * 4096 - base)
        let source = linear[Int(page * 4096)..<Int(page * 4096 + 4096)]
        storage[target..<target + 4096].copyBytes(from: source)
      }
    }
    releaseLinear()
  }

  func prepare(physicalAddresses: Range<UInt64>) throws(FakeFailure) {
    prepared.append(physicalAddresses)
    if refuses { throw .full(physicalAddresses.upperBound) }
    base = physicalAddresses.lowerBound
    let count = Int(physicalAddresses.upperBound - physicalAddresses.lowerBound)
    let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    storage.initializeMemory(as: UInt8.self, repeating: 0xaa)
    self.storage = storage
  }

  func region(
    physicalAddress: UInt64, byteCount: Int
  ) throws(FakeFailure) -> UnsafeMutableRawBufferPointer {
    regionCount += 1
    if physicalAddress >= failsAt { throw .full(physicalAddress) }
    guard let storage else { throw .broken(0) }
    let offset = Int(physicalAddress - base)
    return UnsafeMutableRawBufferPointer(
      rebasing: storage[offset..<offset + min(byteCount, windowByteCount)])
  }

  func contents(physicalAddress: UInt64, byteCount: Int) throws(FakeFailure) -> [UInt8]? {
    isReadable ? bytes(at: physicalAddress, count: byteCount) : nil
  }

  func bytes(at address: UInt64, count: Int) -> [UInt8] {
    guard let storage else { return [] }
    return Array(storage[Int(address - base)..<Int(address - base) + count])
  }
}
