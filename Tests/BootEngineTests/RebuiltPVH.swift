// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CTrampolines
import DomainBuilder
import FakeMachine
import StubMachine
import Testing

/// The PVH domain that a hand-over left: does what hvm_trampoline.S does, on the fake machine's
/// memory, and reads it as the new kernel does.
struct RebuiltPVH {
  private let fields: hvm_trampoline_fields
  private var memory: [UInt8]

  init(_ machine: FakeMachine, jumpAddress address: UInt64) throws {
    let code = hvm_trampoline()
    memory = machine.allBytes()
    #expect(address % 4096 == 0)
    fields = memory.withUnsafeBytes {
      $0.loadUnaligned(
        fromByteOffset: Int(address + code.fields_offset), as: hvm_trampoline_fields.self)
    }
    for index in 0..<Int(fields.move_count) {
      let move = memory.withUnsafeBytes {
        $0.loadUnaligned(
          fromByteOffset: Int(fields.moves) + index * 24, as: hvm_trampoline_move.self)
      }
      let target = Int(move.target)..<Int(move.target + move.byte_count)
      if move.source == .max {
        memory.replaceSubrange(target, with: repeatElement(0, count: target.count))
      } else {
        let source = Int(move.source)..<Int(move.source) + target.count
        memory.replaceSubrange(target, with: Array(memory[source]))
      }
    }
  }

  var entry: UInt64 { fields.entry }
  var is64Bit: Bool { fields.is_64_bit != 0 }
  /// What ebx holds, or rsi in 64-bit mode.
  var argument: UInt64 { fields.argument }
  /// What the FPU holds at the kernel's entry.
  var fpuState: [UInt8] { withUnsafeBytes(of: fields.fpu) { Array($0) } }

  func bytes(at address: UInt64, count: Int) -> [UInt8] {
    Array(memory[Int(address)..<Int(address) + count])
  }

  func number(at address: UInt64) -> UInt64 {
    memory.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Int(address), as: UInt64.self) }
  }

  func number32(at address: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: number(at: address)) }

  /// The text at an address, up to its terminator.
  func text(at address: UInt64) -> ByteString {
    ByteString(Array(memory[Int(address)...].prefix { $0 != 0 }))
  }
}
