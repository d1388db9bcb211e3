// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

/// The page of hypercall stubs of a PVH domain. Xen is asked for it in 64-bit mode, which also
/// tells it to lay out the shared info page for 64 bits.
enum HypercallStubs {
  /// Where Xen's CPUID leaves may start (xen/arch-x86/cpuid.h): every 0x100 from here on.
  private static let firstLeaf: UInt32 = 0x4000_0000
  private static let leafCount: UInt32 = 256

  /// Has Xen fill the page, and makes all hypercalls through it.
  static func start() {
    for step in 0..<leafCount {
      let base = firstLeaf + step * 0x100
      let signature = minios_cpuid(base)
      guard signature.ebx == UInt32(XEN_CPUID_SIGNATURE_EBX),
        signature.ecx == UInt32(XEN_CPUID_SIGNATURE_ECX),
        signature.edx == UInt32(XEN_CPUID_SIGNATURE_EDX)
      else { continue }
      minios_write_msr(minios_cpuid(base + 2).ebx, minios_hypercall_page())
      xen_use_hypercall_page(minios_hypercall_page())
      return
    }
    // Xen's debug port is QEMU's too, if somebody listens there.
    EarlyConsole.writeName()
    EarlyConsole.write("this machine has no Xen\n")
    minios_halt()
  }
}
