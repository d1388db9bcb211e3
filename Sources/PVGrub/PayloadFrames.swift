// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import MiniOS

/// Why the guest's memory can't take what is to be started.
enum MemoryError: BootFailure {
  /// The kernel spans more than the guest has. Both in bytes.
  case kernelTooLarge(needed: UInt64, available: UInt64)
  /// No frame is left.
  case outOfMemory(purpose: ByteString)
  /// Xen refused a mapping or a page table.
  case refused(operation: ByteString)

  var family: FailureFamily {
    switch self {
    case .kernelTooLarge, .outOfMemory: .wrongRequest
    case .refused: .device
    }
  }

  var message: ByteString {
    switch self {
    case .kernelTooLarge(let needed, let available):
      "this kernel needs at least \(needed >> 20) MiB of memory, the guest has "
        + "\(available >> 20) MiB"
    case .outOfMemory(let purpose): "the guest's memory is too small for \(purpose)"
    case .refused(let operation): "Xen refused \(operation); see 'xl dmesg'"
    }
  }
}

/// Frames taken for a part of the new domain: those at the wanted numbers where these are free, any
/// other where not. The hand-over gives every frame its number in the end.
struct FrameList {
  /// The frames in the order of the part.
  private(set) var frames: [UInt64] = []

  /// Takes `count` frames for the numbers from `target` on.
  mutating func take(_ count: UInt64, target: UInt64, for purpose: ByteString) throws(MemoryError) {
    for index in 0..<count {
      let wanted = target + index
      if FrameAllocator.take(wanted) {
        frames.append(wanted)
      } else if let frame = FrameAllocator.allocate() {
        frames.append(frame)
      } else {
        throw .outOfMemory(purpose: purpose)
      }
    }
  }

  /// Gives all frames back.
  mutating func release() {
    for frame in frames { FrameAllocator.free(first: frame, count: 1) }
    frames = []
  }

  /// The frames as runs.
  var runs: [DomainBuilder.FrameRange] {
    var result: [DomainBuilder.FrameRange] = []
    for frame in frames {
      if let last = result.last, last.upperBound == frame {
        result[result.count - 1] = last.lowerBound..<frame + 1
      } else {
        result.append(frame..<frame + 1)
      }
    }
    return result
  }
}

/// The window in which a kernel is unpacked, straight into its final frames. Frames are taken when
/// their bytes come, so that a decoder's memory can be where the kernel's bss will be.
final class PayloadFrames: KernelMemory {
  /// Pages mapped at a time.
  private static let stepPageCount: UInt64 = 512

  private let domainByteCount: UInt64
  private var base: UInt64 = 0
  /// The frame of each page from `base` on; all ones where none was taken.
  private(set) var frames: [UInt64] = []
  private var isMapped = false

  init(domainByteCount: UInt64) { self.domainByteCount = domainByteCount }

  func prepare(physicalAddresses: Range<UInt64>) throws(MemoryError) {
    let end = physicalAddresses.upperBound
    // Behind the kernel come its tables and at least 512 KiB, up to a multiple of 4 MiB.
    let needed = end / (4 << 20) * (4 << 20) + (4 << 20)
    guard needed <= domainByteCount else {
      throw .kernelTooLarge(needed: needed, available: domainByteCount)
    }
    base = physicalAddresses.lowerBound & ~4095
    frames = [UInt64](repeating: .max, count: Int((end - base + 4095) / 4096))
    isMapped = true
  }

  func region(
    physicalAddress: UInt64, byteCount: Int
  ) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
    let page = (physicalAddress - base) / 4096
    let lastPage = (physicalAddress - base + UInt64(byteCount) - 1) / 4096
    let count = min(lastPage - page + 1, Self.stepPageCount)
    try map(Int(page), count: Int(count))
    let address = AddressSpace.payloadStart + (physicalAddress - base)
    let room = Int(count) * 4096 - Int(physicalAddress % 4096)
    return UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: UInt(address)), count: min(byteCount, room))
  }

  /// Takes and maps what is not yet mapped of `count` pages from `first` on.
  private func map(_ first: Int, count: Int) throws(MemoryError) {
    var page = first
    while page < first + count {
      guard frames[page] == .max else {
        page += 1
        continue
      }
      var end = page
      while end < first + count, frames[end] == .max {
        let wanted = base >> 12 + UInt64(end)
        guard let frame = FrameAllocator.take(wanted) ? wanted : FrameAllocator.allocate() else {
          throw .outOfMemory(purpose: "the kernel")
        }
        frames[end] = frame
        end += 1
      }
      let start = page
      let isDone = AddressSpace.set(
        AddressSpace.payloadStart + UInt64(start) * 4096, count: end - start
      ) { AddressSpace.machineFrame(of: frames[start + $0]) << 12 | AddressSpace.Entry.memory }
      guard isDone else { throw .refused(operation: "to map the kernel's memory") }
      page = end
    }
  }

  /// Zeroes what no byte of the file fills; takes the frames that are still missing.
  func zero(_ ranges: [Range<UInt64>]) throws(MemoryError) {
    for range in ranges {
      var position = range.lowerBound
      while position < range.upperBound {
        let count = Int(min(range.upperBound - position, 1 << 21))
        let bytes = try region(physicalAddress: position, byteCount: count)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        position += UInt64(bytes.count)
      }
    }
  }

  /// Takes the window away; the frames stay taken.
  func unmap() {
    guard isMapped else { return }
    AddressSpace.unmap(AddressSpace.payloadStart, count: frames.count)
    isMapped = false
  }

  /// Gives everything back.
  func release() {
    unmap()
    for frame in frames where frame != .max { FrameAllocator.free(first: frame, count: 1) }
    frames = []
  }
}
