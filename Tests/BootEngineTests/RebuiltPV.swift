// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CTrampolines
import DomainBuilder
import FakeDom0
import FakeMachine
import StubMachine
import Testing

/// The PV domain that a hand-over left, seen as its new kernel sees it: by the root table that the
/// trampoline switches to, and the new p2m list.
struct RebuiltPV {
  private let machine: FakeMachine
  private let fields: pv_trampoline_fields

  /// Reads the trampoline's fields, which the loader sees at `address`.
  init(_ machine: FakeMachine, jumpAddress address: UInt64) throws {
    self.machine = machine
    let code = pv_trampoline()
    let page = try #require(UnsafeRawPointer(bitPattern: UInt(address)))
    fields = (page + Int(code.fields_offset)).loadUnaligned(as: pv_trampoline_fields.self)
  }

  var entry: UInt64 { fields.entry }
  var stackPointer: UInt64 { fields.stack_pointer }
  var startInfoAddress: UInt64 { fields.start_info }
  var rootMachineFrame: UInt64 { fields.base_operations.1 }
  /// The root table that is unpinned once the new one is in use.
  var oldRootMachineFrame: UInt64 { fields.base_operations.4 }

  /// What the FPU holds at the kernel's entry.
  var fpuState: [UInt8] { withUnsafeBytes(of: fields.fpu) { Array($0) } }

  /// The bytes of a machine frame.
  private func page(_ machineFrame: UInt64) -> [UInt8] {
    machine.bytes(of: machineFrame - FakeXen.machineOffset)
  }

  /// The machine frame and entry bits at a virtual address; nil if nothing is mapped there.
  func translate(_ address: UInt64) -> (machineFrame: UInt64, entry: UInt64)? {
    var table = rootMachineFrame
    for shift: UInt64 in [39, 30, 21, 12] {
      let index = Int(address >> shift & 511)
      let entry = page(table).withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      }
      guard entry & 1 != 0 else { return nil }
      table = (entry & PageTableEntry.frameMask) >> 12
      if shift == 12 { return (table, entry) }
    }
    return nil
  }

  /// Bytes at a virtual address; nil if a page of them is not mapped.
  func bytes(at address: UInt64, count: Int) -> [UInt8]? {
    var result: [UInt8] = []
    while result.count < count {
      let position = address + UInt64(result.count)
      guard let (machineFrame, _) = translate(position) else { return nil }
      let offset = Int(position % Page.byteCount)
      result += page(machineFrame)[offset..<min(4096, offset + count - result.count)]
    }
    return result
  }

  /// Bytes of consecutive pseudo-physical frames, by the new p2m list.
  func bytes(frame: FrameNumber, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    var next = frame
    while result.count < count {
      result += page(machine.p2m[Int(next)]).prefix(count - result.count)
      next += 1
    }
    return result
  }

  func startInfo() throws -> StartInfo {
    let page = try #require(bytes(at: startInfoAddress, count: 4096))
    return try #require(StartInfo(ByteView(page)))
  }
}
