// SPDX-License-Identifier: GPL-2.0-or-later
public import KernelImage

/// What a 64-bit PV domain is to be built from.
public struct DomainRequest: Equatable, Sendable {
  /// The number of pages of the domain: `nr_pages` of its start_info.
  public var pageCount: UInt64
  /// The kernel.
  public var kernel: PVKernel
  /// The exact size of the module (the initrd) in bytes; 0 for none.
  public var moduleByteCount: UInt64
  /// Whether the module starts with a list of modules. The kernel is to find it mapped, then.
  public var hasModuleList = false
  /// The number of frames that must be left beside the new domain's segments: the page tables that
  /// the loader runs on until its last step.
  public var outsideFrameCount: UInt64

  /// A request.
  public init(
    pageCount: UInt64, kernel: PVKernel, moduleByteCount: UInt64, outsideFrameCount: UInt64 = 0
  ) {
    self.pageCount = pageCount
    self.kernel = kernel
    self.moduleByteCount = moduleByteCount
    self.outsideFrameCount = outsideFrameCount
  }
}
