// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Foundation

/// The frames of a domain as a file in memory, and windows in which any of them can be mapped at
/// any address by the host's own page tables: what is mapped nowhere faults here as it would there.
final class GuestMemory {
  let frameCount: UInt64
  private let file: Int32
  /// All frames in order.
  private let all: UnsafeMutableRawPointer
  /// Addresses in which nothing is mapped yet.
  let window: Range<UInt64>

  init(frameCount: UInt64, windowByteCount: UInt64) {
    self.frameCount = frameCount
    file = Self.file(frameCount * Page.byteCount)
    all = Self.reserve(frameCount * Page.byteCount)
    window = {
      let start = UInt64(UInt(bitPattern: $0))
      return start..<start + windowByteCount
    }(Self.reserve(windowByteCount))
    map(0, count: frameCount, at: UInt64(UInt(bitPattern: all)), isWritable: true)
  }

  deinit {
    munmap(all, Int(frameCount * Page.byteCount))
    munmap(UnsafeMutableRawPointer(bitPattern: UInt(window.lowerBound)), window.count)
    close(file)
  }

  /// A file that lives only in memory, and goes with its last user.
  private static func file(_ byteCount: UInt64) -> Int32 {
    var name = Array("/dev/shm/guest-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    precondition(file >= 0 && unlink(name) == 0 && ftruncate(file, off_t(byteCount)) == 0)
    return file
  }

  private static func reserve(_ byteCount: UInt64) -> UnsafeMutableRawPointer {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let memory = mmap(nil, Int(byteCount), PROT_NONE, flags, -1, 0), memory != MAP_FAILED
    else { preconditionFailure("the host has no addresses left") }
    return memory
  }

  /// Where a frame always is.
  func page(_ frame: FrameNumber) -> UnsafeMutableRawPointer {
    precondition(frame < frameCount, "a frame outside of the domain")
    return all + Int(frame * Page.byteCount)
  }

  /// Maps frames in a row.
  func map(_ first: FrameNumber, count: UInt64, at address: UInt64, isWritable: Bool) {
    precondition(first + count <= frameCount, "frames outside of the domain")
    let result = mmap(
      UnsafeMutableRawPointer(bitPattern: UInt(address)), Int(count * Page.byteCount),
      PROT_READ | (isWritable ? PROT_WRITE : 0), MAP_SHARED | MAP_FIXED, file,
      off_t(first * Page.byteCount))
    precondition(result != MAP_FAILED, "the host has no mappings left")
  }

  /// Takes mappings away.
  func unmap(_ address: UInt64, count: Int) {
    guard count > 0 else { return }
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
    let result = mmap(
      UnsafeMutableRawPointer(bitPattern: UInt(address)), count * Int(Page.byteCount), PROT_NONE,
      flags, -1, 0)
    precondition(result != MAP_FAILED, "the host has no mappings left")
  }
}
