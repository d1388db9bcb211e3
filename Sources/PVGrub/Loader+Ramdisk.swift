// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import CXen
import DomainBuilder
import MiniOS
import XenFrontends

/// The module that the host gave by `ramdisk=`: an initial ramdisk for the kernel, in its frames.
struct Ramdisk {
  let frames: DomainBuilder.FrameRange
  let byteCount: UInt64
}

extension Loader {
  /// Finds out what the host's module is. A menu is returned, and an initial ramdisk kept; what is
  /// of no use gives its frames back.
  func takeRamdisk(_ search: MenuSearch<CachedDisk>) -> Menu? {
    guard info.module.byteCount > 0 else { return nil }
    let first = info.module.firstFrame
    let all = first..<first + (info.module.byteCount + 4095) / 4096
    if !options.ignoresModule {
      let head = bytes(of: all, count: HostModule.headByteCount)
      switch HostModule(head: ByteView(head)) {
      case .archive:
        say("pvgrub-swift: ramdisk= of the host becomes the kernel's last initial ramdisk")
        ramdisk = Ramdisk(frames: all, byteCount: info.module.byteCount)
        return nil
      case .menu:
        defer { release(all) }
        let text = HostModule.menuText(bytes(of: all, count: MenuLimits.fileByteCountMax))
        do throws(BootError) {
          let menu = try search.menu(text)
          say("pvgrub-swift: the menu is ramdisk= of the host")
          return menu
        } catch { say("pvgrub-swift: ramdisk= of the host: \(error.message)") }
        return nil
      case .empty: break
      case .unknown:
        say("pvgrub-swift: ramdisk= of the host is neither an initial ramdisk nor a menu")
      }
    }
    release(all)
    return nil
  }

  /// The first bytes of the module, at most `count`.
  private func bytes(of frames: DomainBuilder.FrameRange, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    let wanted = min(UInt64(count), info.module.byteCount)
    for frame in frames where UInt64(result.count) < wanted {
      let part = Int(min(4096, wanted - UInt64(result.count)))
      let isDone = FrameWindow.write(frame) { page in
        result.append(contentsOf: page[..<part])
      }
      if !isDone { break }
    }
    return result
  }

  /// Gives the module's frames to the allocator. Where a loader before us mapped them they must not
  /// stay mapped: they may become page tables. In PVH they never were.
  private func release(_ frames: DomainBuilder.FrameRange) {
    if StubDomain.mode == .pv, info.flags & UInt32(SIF_MOD_START_PFN) == 0 {
      AddressSpace.unmap(frames.lowerBound << 12, count: Int(frames.frameCount))
    }
    FrameAllocator.free(first: frames.lowerBound, count: frames.frameCount)
  }
}
