// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CFakeXen
import CMiniOS
import CXen
import Foundation
import StubMachine

@testable import MiniOS

/// A Xen under MiniOS in this process: hypercalls end here, and what the guest writes into its page
/// tables becomes the host's own mappings at the same addresses. A page that is mapped nowhere
/// faults, as it would there.
///
/// The guest's memory is a file; its pages are numbered as *storage*. In PV a storage page has a
/// machine frame of another number, in PVH a frame where the memory map has it. MiniOS is static
/// state, so there is one at a time.
final class FakeXen {
  nonisolated(unsafe) private(set) static var current: FakeXen?

  /// The first machine frame of the domain; a multiple of 512.
  static let machineBase: UInt64 = 0x800
  /// Pages of Xen's own behind the domain's: shared info, then the grant table; in PVH two rings.
  static let grantFrameCountMax = 32
  /// Where the host has no mappings of its own: frames at their addresses, the p2m list's slot,
  /// MiniOS's addresses.
  static let ranges: [Range<UInt64>] = [
    0x10_0000..<0x200_0000, 0xfeff_8000..<0xff00_0000, 0x80_0000_0000..<0x80_0100_0000,
    AddressSpace.start..<AddressSpace.start + (4 << 30),
  ]

  let mode: DomainMode
  let frameCount: Int
  /// All storage pages in order.
  let all: UnsafeMutableRawPointer
  private let file: Int32
  var storageCount: Int { frameCount + 3 + Self.grantFrameCountMax }

  /// The machine frame of each storage page; in PVH of those that are in the memory map.
  var machine: [UInt64?]
  var storageOfMachine: [UInt64: Int] = [:]
  /// The 2 MiB of machine addresses in which there is any.
  var machineBlocks: Set<UInt64> = []
  /// Xen's table from machine frame to frame.
  let machineTable: UnsafeMutablePointer<UInt64>
  let machineTableCount: Int

  // What Xen knows of each storage page: see FakeXen+MMU.swift.
  var level: [Int]
  var linkCount: [Int]
  var writableCount: [Int]
  var mappedCount: [Int]
  var place: [UInt64]
  var shadow: [Int: [UInt64]] = [:]
  var root = -1
  var bootTableCopy: [UInt64] = []
  private var shown: Shown?
  /// Addresses that the processor may still know a storage page of: unmapped, and not flushed.
  var stale: [UInt64: Int] = [:]

  // What the guest asked for: see FakeXen+Calls.swift.
  var callCount = 0
  /// The hypercall that is refused, counted from 0 among those that can be.
  var refusedCall: Int?
  var refusedErrno: Int64 = 12
  /// A command of `memory_op` that is always refused.
  var refusedMemoryCommand: Int32?
  var refusableCallCount = 0
  var log: [UInt8] = []
  var sentPorts: [UInt32] = []
  var closedPorts: [UInt32] = []
  var polls: [(ports: [UInt32], deadline: UInt64)] = []
  var nextPort: UInt32 = 40
  var trapVectors: [UInt8] = []
  var otherCalls: [Int32] = []
  var msrs: [UInt32: UInt64] = [:]
  var grantFrameCount = 1
  var parameters: [UInt32: UInt64] = [:]
  var reservation: Int64 = 0
  var firmwareMap: [(UInt64, UInt64, UInt32)] = []
  var pinned: [UInt64] = []

  init(mode: DomainMode, frameCount: Int, isContiguous: Range<Int> = 0..<0) {
    precondition(frameCount % 64 == 0)
    self.mode = mode
    self.frameCount = frameCount
    let count = frameCount + 3 + Self.grantFrameCountMax
    file = Self.makeFile(count * 4096)
    guard let all = mmap(nil, count * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      all != MAP_FAILED
    else { preconditionFailure("no memory for a guest") }
    self.all = all
    machineTableCount = Int(Self.machineBase) + count
    machineTable = .allocate(capacity: machineTableCount)
    machineTable.initialize(repeating: .max, count: machineTableCount)
    machine = .init(repeating: nil, count: count)
    level = .init(repeating: 0, count: count)
    linkCount = level
    writableCount = level
    mappedCount = level
    place = .init(repeating: .max, count: count)
    precondition(Self.current == nil, "one guest at a time")
    for range in Self.ranges { Self.reserve(range) }
    for index in 0..<count where mode == .pv || index < frameCount {
      // An order unlike the frames'.
      let isMoved = index < frameCount && !isContiguous.contains(index)
      let number = UInt64(isMoved ? index ^ 0x15 : index)
      setMachine(index, mode == .pv ? Self.machineBase + number : UInt64(index))
      if mode == .pv, index < frameCount {
        machineTable[Int(Self.machineBase + number)] = UInt64(index)
      }
    }
    reservation = Int64(frameCount)
    Self.current = self
    connect()
  }

  /// Takes the guest away. Nothing of it may be used afterwards.
  func end() {
    for range in Self.ranges {
      munmap(UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound)), range.count)
    }
    munmap(all, storageCount * 4096)
    close(file)
    machineTable.deallocate()
    minios_host().pointee = .init()
    Self.current = nil
  }

  func setMachine(_ storage: Int, _ number: UInt64?) {
    if let old = machine[storage] { storageOfMachine[old] = nil }
    machine[storage] = number
    if let number {
      storageOfMachine[number] = storage
      machineBlocks.insert(number >> 9)
    }
  }

  private func connect() {
    fake_xen_start { number, arg1, arg2, arg3, arg4 in
      guard let xen = FakeXen.current else { preconditionFailure("a hypercall without Xen") }
      return xen.answer(Int32(number), arg1, arg2, arg3, arg4)
    }
    memset(minios_page_bitmap(), 0, Int(MINIOS_HEAP_PAGE_MAX) / 8)
    AddressSpace.machineTableAddress = UInt(bitPattern: machineTable)
    SharedInfo.stop()
  }

  func storage(ofMachine number: UInt64) -> Int? {
    // Almost always in order, and this is asked for each entry of each table.
    if mode == .pvh, number < frameCount { return Int(number) }
    let guess = Int(truncatingIfNeeded: number &- Self.machineBase)
    if mode == .pv, guess >= 0, guess < storageCount, machine[guess] == number { return guess }
    return storageOfMachine[number]
  }

  private static func makeFile(_ byteCount: Int) -> Int32 {
    var name = Array("/dev/shm/guest-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    precondition(file >= 0 && unlink(name) == 0 && ftruncate(file, off_t(byteCount)) == 0)
    return file
  }

  /// `MAP_FIXED_NOREPLACE` of linux/mman.h: never over something of the host's.
  private static func reserve(_ range: Range<UInt64>) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | 0x10_0000
    let start = UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound))
    precondition(mmap(start, range.count, PROT_NONE, flags, -1, 0) == start, "addresses in use")
  }

  // MARK: Memory

  /// Where Xen sees a storage page.
  func page(_ storage: Int) -> UnsafeMutableRawPointer {
    precondition(storage >= 0 && storage < storageCount)
    return all + storage * 4096
  }

  /// The same as words.
  func words(_ storage: Int) -> UnsafeMutablePointer<UInt64> {
    page(storage).assumingMemoryBound(to: UInt64.self)
  }

  var sharedInfo: UnsafeMutableRawPointer { page(frameCount) }
  func grantFrame(_ index: Int) -> Int { frameCount + 1 + index }
  func ring(_ index: Int) -> Int { frameCount + 1 + Self.grantFrameCountMax + index }

  /// Maps a storage page at `address` in this process, if that is where guests are; takes the page
  /// there away if there is none. `settle` does it, for pages in a row at once.
  func show(_ storage: Int?, at address: UInt64, isWritable: Bool = false) {
    guard Self.ranges.contains(where: { $0.contains(address) }) else { return }
    let next = Shown(address: address, storage: storage, count: 1, isWritable: isWritable)
    if shown?.extend(by: next) != true {
      settle()
      shown = next
    }
  }

  /// Makes the host's mappings what they ought to be.
  func settle() {
    guard let run = shown else { return }
    shown = nil
    let start = UnsafeMutableRawPointer(bitPattern: UInt(run.address))
    let result =
      if let storage = run.storage {
        mmap(
          start, run.count * 4096, PROT_READ | (run.isWritable ? PROT_WRITE : 0),
          MAP_SHARED | MAP_FIXED, file, off_t(storage * 4096))
      } else {
        mmap(
          start, run.count * 4096, PROT_NONE,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0)
      }
    precondition(result != MAP_FAILED, "the host has no mappings left")
  }

  /// Pages in a row that are to be mapped.
  struct Shown {
    var address: UInt64
    var storage: Int?
    var count: Int
    var isWritable: Bool

    /// Takes `next` in if it follows.
    mutating func extend(by next: Shown) -> Bool {
      guard next.address == address + UInt64(count) << 12, next.isWritable == isWritable,
        next.storage == storage.map({ $0 + count })
      else { return false }
      count += 1
      return true
    }
  }
}
