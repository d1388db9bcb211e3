// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine

/// Memory for Swift and for the decoders: small pieces from 64 KiB slabs of one size each, large
/// ones as page runs of their own with an unmapped page behind. Both give their frames back.
///
/// Nothing here allocates: the tables are fixed, the lists run through the free memory itself.
enum Heap {
  /// Sizes of small pieces in bytes; 4352 and 8448 fit an array of one or two disk blocks.
  private static let sizeClassCount = 16
  private static func byteCount(ofClass index: Int) -> Int {
    switch index {
    case 0: 16
    case 1: 32
    case 2: 48
    case 3: 64
    case 4: 96
    case 5: 128
    case 6: 192
    case 7: 256
    case 8: 384
    case 9: 512
    case 10: 768
    case 11: 1024
    case 12: 1536
    case 13: 2048
    case 14: 4352
    default: 8448
    }
  }

  /// At the start of each slab.
  private struct Slab {
    var magic: UInt64
    var pieceByteCount: Int
    var usedCount: Int
    var freeList: UInt
    var next: UInt
    var previous: UInt
    var unusedOffset: Int
    var classIndex: Int
  }

  private static let slabByteCount = 65536
  private static let slabPageCount = 16
  private static let slabMagic: UInt64 = 0x736c_6162_736c_6162
  /// In the 16 bytes before a large piece.
  private static let largeMagic: UInt64 = 0x6c61_7267_6500_0000

  /// Slabs of each class with a free piece: heads of doubly linked lists.
  nonisolated(unsafe) private static var partial = InlineArray<16, UInt>(repeating: 0)
  /// Pages mapped for the heap now.
  nonisolated(unsafe) private(set) static var pageCount = 0

  /// An empty heap: once in an image, once for each guest in a test.
  static func start() {
    partial = InlineArray(repeating: 0)
    pageCount = 0
  }

  // MARK: Page runs

  private static func isUsed(_ page: Int) -> Bool {
    minios_page_bitmap()[page / 64] & 1 << UInt64(page % 64) != 0
  }

  private static func mark(_ first: Int, _ count: Int, used: Bool) {
    let bitmap = minios_page_bitmap()
    for page in first..<first + count {
      let bit = UInt64(1) << UInt64(page % 64)
      if used { bitmap[page / 64] |= bit } else { bitmap[page / 64] &= ~bit }
    }
  }

  /// The first page of `count` free ones in the window, aligned to `alignment` pages.
  private static func findRun(
    _ count: Int, alignment: Int, from start: Int, to limit: Int
  ) -> Int? {
    var first = (start + alignment - 1) / alignment * alignment
    while first <= limit - count {
      var length = 0
      while length < count {
        let page = first + length
        if page % 64 == 0, count - length >= 64, minios_page_bitmap()[page / 64] == 0 {
          length += 64
        } else if isUsed(page) {
          break
        } else {
          length += 1
        }
      }
      if length >= count { return first }
      first = (first + length + alignment) / alignment * alignment
    }
    return nil
  }

  /// `count` pages of fresh memory behind which one page stays unmapped.
  static func allocatePages(_ count: Int, alignment: Int = 1) -> UnsafeMutableRawPointer? {
    guard UInt64(count) <= Frames.free.freeCount else { return nil }
    let isSlab = alignment == slabPageCount
    let limit = isSlab ? smallPageCount : Int(MINIOS_HEAP_PAGE_MAX)
    let start = isSlab ? 0 : smallPageCount
    guard let first = findRun(count + 1, alignment: alignment, from: start, to: limit) else {
      return nil
    }
    let address = AddressSpace.heapStart + UInt64(first) * 4096
    guard AddressSpace.populate(address, count: count) else { return nil }
    mark(first, count + 1, used: true)
    pageCount += count
    return UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  static func freePages(_ pointer: UnsafeMutableRawPointer, count: Int) {
    let address = UInt64(UInt(bitPattern: pointer))
    let first = Int((address - AddressSpace.heapStart) / 4096)
    AddressSpace.release(address, count: count)
    mark(first, count + 1, used: false)
    pageCount -= count
  }

  /// Makes the page tables of the next `byteCount` bytes of both parts of the window, so that the
  /// heap can grow by that much without a new table.
  static func prepareTables(byteCount: UInt64) -> Bool {
    for pages in [0..<smallPageCount, smallPageCount..<Int(MINIOS_HEAP_PAGE_MAX)] {
      // Behind the last page in use: what is free before it has its tables already.
      var end = pages.upperBound
      while end > pages.lowerBound, !isUsed(end - 1) { end -= 1 }
      let address = AddressSpace.heapStart + UInt64(end) * 4096
      for offset in stride(from: 0 as UInt64, through: byteCount, by: 2 << 20) {
        guard AddressSpace.prepareTables(for: address + offset) else { return false }
      }
    }
    return true
  }

  // MARK: Small pieces

  private static func slab(at address: UInt) -> UnsafeMutablePointer<Slab> {
    guard let slab = UnsafeMutablePointer<Slab>(bitPattern: address) else {
      preconditionFailure("a slab has an address")
    }
    return slab
  }

  private static func link(_ slab: UnsafeMutablePointer<Slab>) {
    let index = slab.pointee.classIndex
    let head = partial[index]
    slab.pointee.previous = 0
    slab.pointee.next = head
    if head != 0 { Heap.slab(at: head).pointee.previous = UInt(bitPattern: slab) }
    partial[index] = UInt(bitPattern: slab)
  }

  private static func unlink(_ slab: UnsafeMutablePointer<Slab>) {
    let (next, previous) = (slab.pointee.next, slab.pointee.previous)
    if next != 0 { Heap.slab(at: next).pointee.previous = previous }
    if previous != 0 {
      Heap.slab(at: previous).pointee.next = next
    } else {
      partial[slab.pointee.classIndex] = next
    }
  }

  private static func newSlab(_ index: Int) -> UnsafeMutablePointer<Slab>? {
    guard let memory = allocatePages(slabPageCount, alignment: slabPageCount) else { return nil }
    let slab = memory.bindMemory(to: Slab.self, capacity: 1)
    slab.initialize(
      to: Slab(
        magic: slabMagic, pieceByteCount: byteCount(ofClass: index), usedCount: 0, freeList: 0,
        next: 0, previous: 0, unusedOffset: MemoryLayout<Slab>.size, classIndex: index))
    link(slab)
    return slab
  }

  private static func allocateSmall(_ index: Int) -> UnsafeMutableRawPointer? {
    let head = partial[index]
    guard let slab = head != 0 ? Heap.slab(at: head) : newSlab(index) else { return nil }
    var piece = slab.pointee.freeList
    if piece != 0 {
      slab.pointee.freeList = UnsafePointer<UInt>(bitPattern: piece)?.pointee ?? 0
    } else {
      piece = UInt(bitPattern: slab) + UInt(slab.pointee.unusedOffset)
      slab.pointee.unusedOffset += slab.pointee.pieceByteCount
    }
    slab.pointee.usedCount += 1
    let isFull =
      slab.pointee.freeList == 0
      && slab.pointee.unusedOffset + slab.pointee.pieceByteCount > slabByteCount
    if isFull { unlink(slab) }
    return UnsafeMutableRawPointer(bitPattern: piece)
  }

  private static func freeSmall(_ pointer: UnsafeMutableRawPointer) {
    let slab = slab(at: UInt(bitPattern: pointer) & ~UInt(slabByteCount - 1))
    precondition(slab.pointee.magic == slabMagic, "free of memory that is not the heap's")
    let wasFull =
      slab.pointee.freeList == 0
      && slab.pointee.unusedOffset + slab.pointee.pieceByteCount > slabByteCount
    pointer.storeBytes(of: slab.pointee.freeList, as: UInt.self)
    slab.pointee.freeList = UInt(bitPattern: pointer)
    slab.pointee.usedCount -= 1
    if wasFull { link(slab) }
    let isFirst = partial[slab.pointee.classIndex] == UInt(bitPattern: slab)
    let isOnlyOne = isFirst && slab.pointee.next == 0
    if slab.pointee.usedCount == 0, !isOnlyOne {
      unlink(slab)
      slab.pointee.magic = 0
      freePages(UnsafeMutableRawPointer(slab), count: slabPageCount)
    }
  }

  // MARK: The allocator's face

  /// At least `byteCount` bytes aligned to `alignment`, a power of two up to a page; nil when
  /// memory ran out.
  static func allocate(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= 0, byteCount < 1 << 40 else { return nil }
    if alignment <= 16 {
      for index in 0..<sizeClassCount where byteCount <= Heap.byteCount(ofClass: index) {
        return allocateSmall(index)
      }
    }
    // The 16 bytes before the piece tell its size; an aligned piece starts one alignment further.
    let offset = max(16, alignment)
    let count = (byteCount + offset + 4095) / 4096
    guard let start = allocatePages(count, alignment: 1) else { return nil }
    let piece = start + offset
    (piece - 16).storeBytes(of: largeMagic | UInt64(offset), as: UInt64.self)
    (piece - 8).storeBytes(of: UInt64(count), as: UInt64.self)
    return piece
  }

  /// Gives back what `allocate` gave.
  static func free(_ pointer: UnsafeMutableRawPointer) {
    if isLarge(pointer) {
      let tag = (pointer - 16).load(as: UInt64.self)
      precondition(tag & ~0xffff == largeMagic, "free of memory that is not the heap's")
      let offset = Int(tag & 0xffff)
      let count = Int((pointer - 8).load(as: UInt64.self))
      freePages(pointer - offset, count: count)
    } else {
      freeSmall(pointer)
    }
  }

  /// Large pieces come from the upper half of the window, so that an address tells them apart
  /// and no byte of a piece can pretend.
  private static func isLarge(_ pointer: UnsafeMutableRawPointer) -> Bool {
    UInt64(UInt(bitPattern: pointer)) >= AddressSpace.heapStart + smallByteCount
  }

  private static let smallByteCount: UInt64 = UInt64(smallPageCount) * 4096
  /// Pages of the window for slabs, 256 MiB; the rest is for large pieces.
  private static let smallPageCount = 65536
}
