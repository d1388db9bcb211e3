// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// A new domain that stands ready beside the running one.
protocol ReadyHandOver: AnyObject {
  /// The frames that the kernel has, for counters.
  var kernelFrameCount: UInt64 { get }

  /// Takes everything back, frames included, so that the loader can go on. May be called at any
  /// time, and more than once. With `keepsRamdisks` the ramdisks' frames stay out of use: a backend
  /// may still write to them.
  func undo(keepsRamdisks: Bool)

  /// The point of no return: nothing of the loader is left in Xen, and the new domain's numbers
  /// count. The result is the address of the code that runs last, which enters the kernel; nil if
  /// Xen refuses, and then nothing can go on.
  func commit() -> UInt64?
}

/// How a kernel becomes the domain that the loader runs in, for one kind of domain. `Loading` calls
/// the steps in the order in which they are here; each but the last two may throw, and then `undo`
/// follows.
protocol HandOver: ReadyHandOver {
  /// The machine.
  associatedtype M: Machine

  /// The kernel's memory; the kernel is loaded into it before `plan`.
  var payload: PayloadFrames<M> { get }

  /// Whether the kernel's file is started as it is, and unpacks itself.
  var kernelUnpacksItself: Bool { get }

  /// Whether ramdisks may be read while the kernel is.
  var canReadAhead: Bool { get }

  /// Takes frames for the ramdisks while the kernel is read, if its addresses are known by now and
  /// there is room for both and the decoder. Called until it gives an answer.
  func placesAhead() -> RamdiskPlaces?

  /// Says where everything goes in the new domain, now that the kernel is in its memory, and takes
  /// the frames of the ramdisks, if `placesAhead` did not.
  func plan(_ kernel: LoadedFile) throws(BootError) -> RamdiskPlaces

  /// Takes the frames that are still missing.
  func takeFrames() throws(BootError)

  /// Fills everything that the kernel and its ramdisks do not bring with them: page tables, start
  /// information, the code that runs last.
  func fill() throws(BootError)

  /// Lets Xen check what can be checked beforehand.
  func check() throws(BootError)
}

/// A kernel in its memory.
enum LoadedFile {
  /// Unpacked.
  case kernel(LoadedKernel)
  /// A bzImage as it is.
  case bzImage(LinuxBootHeader)
}

extension FrameList {
  /// Frames that stay free beside ramdisks that are read ahead, for the decoder, page tables and
  /// the heap: 16 MiB.
  static let spareFrameCount: UInt64 = 4096
}

extension HandOver {
  /// Whether the guest has room for `byteCount` bytes beside what the kernel still needs and its
  /// decoder. Not while a kernel's decoder gathers its file first: it needs all memory at once, and
  /// the disk has done its work by then.
  func hasRoomAhead(_ byteCount: UInt64) -> Bool {
    let kernel = payload.pages
    guard !kernel.isEmpty, !payload.hasWholeWindow else { return false }
    let missing = kernel.frameCount - min(kernel.frameCount, payload.ledger.pageCount)
    return payload.machine.freeFrameCount
      >= missing + byteCount / Page.byteCount + 1 + FrameList.spareFrameCount
  }
}

extension Machine {
  /// Copies `bytes` to the start of `frames`, and fills the rest of these frames with zeros. False
  /// as with `write`.
  func fill(_ frames: ArraySlice<FrameNumber>, with bytes: [UInt8]) -> Bool {
    for (index, frame) in frames.enumerated() {
      let start = min(index * Int(Page.byteCount), bytes.count)
      let end = min(start + Int(Page.byteCount), bytes.count)
      let isDone = write(frame) { page in
        page.copyBytes(from: bytes[start..<end])
        let rest = UnsafeMutableRawBufferPointer(rebasing: page[(end - start)...])
        rest.initializeMemory(as: UInt8.self, repeating: 0)
      }
      guard isDone else { return false }
    }
    return true
  }
}
