// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What the domain builder must know of a kernel that can be started in a 64-bit PV domain.
public struct PVKernel: Equatable, Sendable {
  /// The virtual address of pseudo-physical address 0.
  public let virtBase: UInt64
  /// What is taken away from `p_paddr` to get a pseudo-physical address.
  public let physicalOffset: UInt64
  /// The virtual address where the kernel is entered.
  public let entry: UInt64
  /// The pseudo-physical addresses from the first byte of the kernel to the end of its bss.
  public let memory: Range<UInt64>
  /// Where the kernel wants the p2m list; nil if anywhere in the first mapping.
  public let initP2M: UInt64?
  /// Whether the module may be given by frame number, unmapped.
  public let acceptsModulePFN: Bool
  /// The virtual address of the page for hypercall stubs, if the kernel wants one.
  public let hypercallPage: UInt64?
  /// Whether the kernel asks for its symbol table after its bss (`BSD_SYMTAB`).
  public let wantsSymbolTable: Bool
  /// What the kernel can use.
  public let features: XenFeatures

  /// Checks that the kernel can be started, by the rules of Xen's libelf.
  public init(
    header: ElfHeader, memory physical: Range<UInt64>, notes: XenNotes
  ) throws(KernelImageError) {
    try Self.checkKind(notes)
    features = try XenFeatures(notes)

    guard notes.physicalOffset == nil || notes.virtBase != nil else {
      throw .physicalOffsetWithoutBase
    }
    let virtBase = notes.virtBase ?? 0
    let offset = notes.physicalOffset ?? 0
    guard let start = Checked.difference(physical.lowerBound, offset),
      let end = Checked.difference(physical.upperBound, offset),
      let virtStart = Checked.sum(start, virtBase), let virtEnd = Checked.sum(end, virtBase)
    else { throw .addressOverflow(physicalAddress: physical.lowerBound) }

    let entry = notes.entry ?? header.entry
    guard entry >= virtStart, entry < virtEnd else { throw .entryOutsideKernel(entry: entry) }
    if let page = notes.hypercallPage {
      guard page % 4096 == 0, page >= virtStart, page < virtEnd else {
        throw .hypercallPageOutsideKernel(address: page)
      }
    }
    if let p2m = notes.initP2M, p2m >= virtStart, p2m < virtEnd {
      throw .p2mInsideKernel(address: p2m)
    }
    self.virtBase = virtBase
    physicalOffset = offset
    self.entry = entry
    memory = start..<end
    initP2M = notes.initP2M
    acceptsModulePFN = (notes.moduleStartPFN ?? 0) != 0
    hypercallPage = notes.hypercallPage
    wantsSymbolTable = notes.bsdSymbolTable?.hasPrefix("yes") ?? false
  }

  /// A kernel like Linux of which only the addresses are known, for estimates.
  package init(presumedMemory memory: Range<UInt64>) {
    virtBase = 0xffff_ffff_8000_0000
    physicalOffset = 0
    entry = virtBase
    self.memory = memory
    initP2M = 0x80_0000_0000
    acceptsModulePFN = true
    hypercallPage = nil
    wantsSymbolTable = false
    features = XenFeatures()
  }

  /// Whether the notes are those of a PV kernel at all.
  private static func checkKind(_ notes: XenNotes) throws(KernelImageError) {
    guard notes.count > 0 else { throw .noXenNotes }
    // Linux built for PVH alone has all of the common notes, but none of these two.
    if notes.phys32Entry != nil, notes.entry == nil, notes.virtBase == nil { throw .onlyPVH }
    let loader = notes.loader ?? ""
    let guestOS = notes.guestOS ?? ""
    guard loader.hasPrefix("generic") || guestOS.hasPrefix("linux") else {
      throw .loaderNotGeneric(loader: loader, guestOS: guestOS)
    }
    let version = notes.xenVersion ?? ""
    guard version.hasPrefix("xen-3.0") else { throw .xenVersion(version) }
  }
}
