// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CMiniOS
import CXen

/// The end of the domain when the image itself is at fault: a report on the console and in Xen's
/// log, then shutdown with the reason "crash", so that `on_crash=` does what the host wants.
public enum Panic {
  nonisolated(unsafe) private static var isEnding = false
  /// Frames of a backtrace at most.
  private static let frameCountMax = 24

  /// Ends the domain with `message` and a backtrace.
  public static func end(_ message: StaticString) -> Never {
    guard !isEnding else { Hypercall.shutDown(reason: 3) }
    isEnding = true
    EarlyConsole.writeName()
    EarlyConsole.write("panic: ")
    EarlyConsole.write(message)
    EarlyConsole.write("\n")
    backtrace(from: minios_frame_pointer())
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_crash))
  }

  /// Ends the domain with a message that was put together.
  public static func end(reason message: ByteString) -> Never {
    EarlyConsole.writeName()
    for byte in message.bytes { EarlyConsole.write(byte) }
    end(" (no way on)" as StaticString)
  }

  /// Writes the return addresses of the frames from `pointer` on, for `llvm-symbolizer`.
  private static func backtrace(from pointer: UInt64) {
    var frame = pointer
    EarlyConsole.write("backtrace:")
    for _ in 0..<frameCountMax {
      guard isOnStack(frame), frame % 8 == 0,
        let words = UnsafePointer<UInt64>(bitPattern: UInt(frame))
      else { break }
      let (next, address) = (words[0], words[1])
      EarlyConsole.write(" ")
      EarlyConsole.write(hexadecimal: address)
      guard next > frame else { break }
      frame = next
    }
    EarlyConsole.write("\n")
  }

  /// Words that look like return addresses, when frame pointers are not to be had.
  private static func scanStack(from pointer: UInt64) {
    var address = pointer & ~7
    var found = 0
    EarlyConsole.write("stack:")
    while isOnStack(address), found < frameCountMax {
      if let word = UnsafePointer<UInt64>(bitPattern: UInt(address))?.pointee,
        word >= minios_text_start(), word < minios_text_end()
      {
        EarlyConsole.write(" ")
        EarlyConsole.write(hexadecimal: word)
        found += 1
      }
      address += 8
    }
    EarlyConsole.write("\n")
  }

  private static func isOnStack(_ address: UInt64) -> Bool {
    address > minios_stack_guard() + 4095 && address < minios_stack_top() - 15
  }

  /// Reports an exception and ends the domain.
  static func endAfterTrap(_ frame: UnsafePointer<minios_trap_frame>) -> Never {
    guard !isEnding else { Hypercall.shutDown(reason: 3) }
    isEnding = true
    let registers = frame.pointee
    EarlyConsole.writeName()
    EarlyConsole.write("exception ")
    EarlyConsole.write(Traps.name(registers.vector))
    if registers.vector == Traps.pageFault {
      EarlyConsole.write(" at address ")
      EarlyConsole.write(hexadecimal: Traps.faultAddress)
    }
    EarlyConsole.write(", error code ")
    EarlyConsole.write(hexadecimal: registers.error_code)
    line("rip", registers.rip, "rsp", registers.rsp, "rfl", registers.rflags, "rbp", registers.rbp)
    line("rax", registers.rax, "rbx", registers.rbx, "rcx", registers.rcx, "rdx", registers.rdx)
    line("rsi", registers.rsi, "rdi", registers.rdi, "r8 ", registers.r8, "r9 ", registers.r9)
    line("r10", registers.r10, "r11", registers.r11, "r12", registers.r12, "r13", registers.r13)
    line("r14", registers.r14, "r15", registers.r15, "cs ", registers.cs, "ss ", registers.ss)
    EarlyConsole.write("\n")
    scanStack(from: registers.rsp)
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_crash))
  }

  private static func line(
    _ name1: StaticString, _ value1: UInt64, _ name2: StaticString, _ value2: UInt64,
    _ name3: StaticString, _ value3: UInt64, _ name4: StaticString, _ value4: UInt64
  ) {
    EarlyConsole.write("\n")
    field(name1, value1)
    field(name2, value2)
    field(name3, value3)
    field(name4, value4)
  }

  private static func field(_ name: StaticString, _ value: UInt64) {
    EarlyConsole.write(name)
    EarlyConsole.write("=")
    EarlyConsole.write(hexadecimal: value)
    EarlyConsole.write(" ")
  }
}

/// The C face that traps.S calls.
@c(minios_trap) func minios_trap(_ frame: UnsafePointer<minios_trap_frame>) {
  Panic.endAfterTrap(frame)
}
