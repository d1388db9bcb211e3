// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine

/// Faults made on purpose: the lab checks that each is reported and ends the domain.
public enum SelfTest {
  /// Writes to the image's code, which is mapped read-only.
  public static func writeToText() {
    UnsafeMutablePointer<UInt8>(bitPattern: UInt(minios_text_start()))?.pointee = 0
  }

  /// Reads page 0, which is mapped nowhere.
  public static func readNull() {
    let address = minios_text_start() & 0xfff | 8
    guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else { return }
    // Made exactly once, though nobody wants the value.
    _ = xen_load_u8(pointer)
  }

  /// Executes bytes of the heap, which is mapped not executable.
  public static func executeHeap() {
    guard let memory = Heap.allocate(16, alignment: 16) else { return }
    memory.storeBytes(of: 0xc3 /* ret */, as: UInt8.self)
    minios_jump(UInt64(UInt(bitPattern: memory)))
  }

  /// Writes to every free frame, and tells how many there were: with populate-on-demand Xen ends a
  /// domain that touches more memory than it has.
  public static func touchMemory() -> UInt64 {
    var frames: [FrameRange] = []
    frames.reserveCapacity(Int(MINIOS_FREE_RANGE_MAX))
    guard FrameWindow.write(minios_image_end() >> 12, { _ in }) else { return 0 }
    var count: UInt64 = 0
    while let run = Frames.free.takeRun(countMax: .max), frames.count < frames.capacity {
      frames.append(run)
      for frame in run {
        _ = FrameWindow.write(frame) { $0.storeBytes(of: ~frame, as: UInt64.self) }
      }
      count += run.frameCount
    }
    for run in frames { Frames.free.free(run) }
    return count
  }

  /// Calls itself until the stack is used up; the page under it is mapped nowhere. In PV Xen can't
  /// push the exception onto such a stack and ends the domain itself.
  public static func useUpStack(_ depth: UInt64 = 0) -> UInt64 {
    var words = InlineArray<64, UInt64>(repeating: depth)
    // What comes back is used, so that no call is the last thing that a call does.
    words[Int(depth & 63)] = withUnsafePointer(to: &words[0]) { _ in useUpStack(depth &+ 1) }
    return words[0] &+ words[Int(depth & 63)]
  }
}
