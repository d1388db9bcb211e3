// SPDX-License-Identifier: GPL-2.0-or-later

/// The page of hypercall stubs that a kernel with a `HYPERCALL_PAGE` note expects to find filled
/// (xen/include/public/arch-x86/xen-x86_64.h): stub `n` starts at byte 32 * n.
public enum HypercallPage {
  /// Bytes of the page.
  public static let byteCount = 4096
  private static let stubByteCount = 32
  /// `HYPERVISOR_iret`, which does not return and takes what it restores from the stack.
  private static let iretNumber = 23

  /// Fills `page`, 4096 bytes, all of it.
  public static func write(to page: UnsafeMutableRawBufferPointer) {
    precondition(page.count == byteCount, "the hypercall page is one page")
    for number in 0..<byteCount / stubByteCount {
      let code = stub(number)
      for offset in 0..<stubByteCount {
        // Behind the code: int3, so that a stray jump does not run into the next stub.
        page[number * stubByteCount + offset] = offset < code.count ? code[offset] : 0xcc
      }
    }
  }

  /// The machine code: save rcx and r11, which `syscall` destroys, number in eax, restore, return.
  static func stub(_ number: Int) -> [UInt8] {
    let load: [UInt8] = [0xb8, UInt8(truncatingIfNeeded: number), 0, 0, 0]
    let save: [UInt8] = [0x51, 0x41, 0x53]
    if number == iretNumber { return save + [0x50] + load + [0x0f, 0x05] }
    return save + load + [0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3]
  }
}
