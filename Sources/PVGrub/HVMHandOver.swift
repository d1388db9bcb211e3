// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CMiniOS
import DomainBuilder
import KernelImage
import MiniOS

/// The last step in a PVH domain. Everything is at its place but what the loader itself is in the
/// way of; `init` may fail and leaves everything as it was, `jump` does not return.
final class HVMHandOver {
  let domain: HVMDomain

  /// Fills the block of start information and the trampoline.
  init(_ domain: HVMDomain, info: BootInfo, commandLine: ByteString) throws(BootError) {
    self.domain = domain
    let plan = domain.plan
    let data = domain.data(info, commandLine: commandLine)
    precondition(UInt64(data.count) <= plan.data.frameCount * 4096, "planned for fewer bytes")
    try Self.fill(domain.data, data)
    try Fault.check(.startInfo)
    let frames = domain.trampoline.frames
    try Self.fill(FrameList(frames[..<1]), code())
    for index in 0..<HVMTrampoline.tableCount {
      let table = HVMTrampoline.table(index, frames: plan.trampoline)
      let isDone = FrameWindow.write(frames[index + 1]) { page in
        for (place, value) in table.enumerated() {
          page.storeBytes(of: value, toByteOffset: place * 8, as: UInt64.self)
        }
      }
      guard isDone else { throw Self.windowFailure }
    }
    // Steps of a PV domain's hand-over that this one has in one.
    try Fault.check(.ownTables)
    try Fault.check(.permutation)
    try Fault.check(.tables)
    let listFrames = frames[(HVMTrampoline.tableCount + 1)...]
    try Self.fill(FrameList(listFrames), HVMTrampoline.list(domain.moves))
    try Fault.check(.trampoline)
    try Fault.check(.pin)
  }

  /// The trampoline's page: its code, and the fields that it reads.
  private func code() -> [UInt8] {
    let count = Int(minios_hvm_trampoline_byte_count())
    guard let start = UnsafeRawPointer(bitPattern: UInt(minios_hvm_trampoline_code())) else {
      preconditionFailure("the trampoline is in the image")
    }
    // SAFETY: the assembler's labels bound the code.
    var page = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    let plan = domain.plan
    let (address, is64Bit): (UInt64, UInt64) =
      switch domain.entry {
      case .protected(let kernel): (kernel.entry, 0)
      case .long(let header): (header.entry, 1)
      }
    let fields: [UInt64] = [
      HVMTrampoline.rootAddress(plan.trampoline), HVMTrampoline.listAddress(plan.trampoline),
      UInt64(domain.moves.count), address, plan.data.lowerBound * 4096, is64Bit,
    ]
    let offset = Int(minios_hvm_trampoline_fields_offset())
    page.withUnsafeMutableBytes { bytes in
      for (index, value) in fields.enumerated() {
        bytes.storeBytes(of: value, toByteOffset: offset + index * 8, as: UInt64.self)
      }
    }
    return page
  }

  /// Copies `bytes` to the start of the frames of `list`, and zeros behind them.
  private static func fill(_ list: FrameList, _ bytes: [UInt8]) throws(BootError) {
    for (index, frame) in list.frames.enumerated() {
      let isDone = FrameWindow.write(frame) { page in
        let start = min(index * 4096, bytes.count)
        let end = min(start + 4096, bytes.count)
        for offset in start..<end { page[offset - start] = bytes[offset] }
        let rest = UnsafeMutableRawBufferPointer(rebasing: page[(end - start)...])
        rest.initializeMemory(as: UInt8.self, repeating: 0)
      }
      guard isDone else { throw windowFailure }
    }
  }

  private static var windowFailure: BootError {
    BootError(MemoryError.outOfMemory(purpose: "the hand-over's page tables"))
  }

  /// The point of no return: nothing of the loader is left in Xen, everything below 4 GiB is mapped
  /// where it is, and the trampoline takes over.
  func jump() -> Never {
    StubDomain.stop()
    minios_jump(HVMTrampoline.codeAddress(domain.plan.trampoline))
  }
}
