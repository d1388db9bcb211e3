// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import KernelImage

/// Which frames the loader filled for the parts of a new domain: by the pseudo-physical numbers
/// that they have before the domain is rebuilt.
public struct FrameSources: Equatable, Sendable {
  /// The kernel's frames, those of bss and of pages of zeros with them.
  public var kernel: KernelFrames
  /// The module's frames, in order of its bytes.
  public var module: [FrameRange]
  /// The frames of the p2m list, in order; the loader's own list will do.
  public var p2m: [FrameRange]
  /// The frames for the tables that map the list, as many as the plan says.
  public var p2mTables: [FrameRange]
  /// The frame that holds the new start_info.
  public var startInfo: UInt64
  /// The frame of xenstore's ring, which stays the same machine frame.
  public var xenstore: UInt64
  /// The frame of the console's ring, which stays the same machine frame.
  public var console: UInt64
  /// The frames for the tables of the first mapping, the root's first.
  public var pageTables: [FrameRange]
  /// The frame of the boot stack.
  public var bootStack: UInt64

  /// The sources of a domain.
  public init(
    kernel: KernelFrames, module: [FrameRange], p2m: [FrameRange], p2mTables: [FrameRange],
    startInfo: UInt64, xenstore: UInt64, console: UInt64, pageTables: [FrameRange],
    bootStack: UInt64
  ) {
    self.kernel = kernel
    self.module = module
    self.p2m = p2m
    self.p2mTables = p2mTables
    self.startInfo = startInfo
    self.xenstore = xenstore
    self.console = console
    self.pageTables = pageTables
    self.bootStack = bootStack
  }
}

extension FramePermutation {
  /// Puts the frames of `sources` where `plan` wants them, and those of `outside` (the page tables
  /// that the loader runs on) where the new domain maps nothing. Throws if a part has too few
  /// frames, or a frame has two parts.
  public init(
    _ plan: DomainPlan, _ sources: FrameSources, kernel: PVKernel, outside: [FrameRange]
  ) throws(DomainBuilderError) {
    guard sources.kernel.pageCount >= plan.kernel.frameCount else {
      throw .placementTooShort(
        frameCount: sources.kernel.pageCount, neededFrameCount: plan.kernel.frameCount)
    }
    var placements = try sources.kernel.placements(for: kernel)
    if let module = plan.module {
      placements += try FramePlacement.filling(module, with: sources.module)
    }
    placements += try FramePlacement.filling(plan.p2m, with: sources.p2m)
    placements += try FramePlacement.filling(plan.p2mTables, with: sources.p2mTables)
    placements += try FramePlacement.filling(plan.pageTables, with: sources.pageTables)
    placements.append(FramePlacement(target: plan.startInfo, source: sources.startInfo))
    placements.append(FramePlacement(target: plan.xenstore, source: sources.xenstore))
    placements.append(FramePlacement(target: plan.console, source: sources.console))
    placements.append(FramePlacement(target: plan.bootStack, source: sources.bootStack))
    try self.init(
      placements, outside: outside, outsideStart: plan.end, pageCount: plan.pageCount)
  }
}
