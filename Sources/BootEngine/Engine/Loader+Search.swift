// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// The search for a menu, and the module that may be one.
extension Loader {
  /// The menu that the host or the guest names; nil if there is none. Says what was found.
  func findMenu() -> Menu? {
    times.enter(.search, now: machine.now)
    defer { times.enter(.menu, now: machine.now) }
    let search = MenuSearch(environment, options: options)
    if options.log == .all { for line in search.inventory() { say(line) } }
    let moduleMenu = takeModule(search)
    if let file = options.menu {
      do throws(BootError) {
        return try search.load(file)
      } catch { note(error.message) }
    }
    if let moduleMenu { return moduleMenu }
    let result = search.find(isChained: options.isChained, isReadOnly: options.isReadOnly)
    note(result.remarks)
    if result.menu == nil {
      note("no boot menu found (GRUB, syslinux, Boot Loader Specification)")
      for line in search.inventory() { say(line) }
      tellFailure([], "no boot menu found")
    }
    return result.menu
  }

  /// Finds out what the host's module is. A menu is returned, and an initial ramdisk kept; what is
  /// of no use gives its frames back.
  private func takeModule(_ search: MenuSearch<CachedDisk<M>>) -> Menu? {
    let module = machine.entry.module
    guard module.byteCount > 0 else { return nil }
    if !options.ignoresModule {
      switch HostModule(head: ByteView(moduleBytes(HostModule.headByteCount))) {
      case .archive:
        note("ramdisk= of the host becomes the kernel's last initial ramdisk")
        hostRamdisk = HostRamdisk(frames: module.frames, byteCount: module.byteCount)
        return nil
      case .menu:
        defer { releaseModule() }
        let text = HostModule.menuText(moduleBytes(MenuLimits.fileByteCountMax))
        do throws(BootError) {
          let menu = try search.menu(text)
          note("the menu is ramdisk= of the host")
          return menu
        } catch { note("ramdisk= of the host: \(error.message)") }
        return nil
      case .empty: break
      case .unknown:
        note("ramdisk= of the host is neither an initial ramdisk nor a menu")
      }
    }
    releaseModule()
    return nil
  }

  /// The first bytes of the module, at most `count`.
  private func moduleBytes(_ count: Int) -> [UInt8] {
    let module = machine.entry.module
    var result: [UInt8] = []
    let wanted = min(UInt64(count), module.byteCount)
    for frame in module.frames where UInt64(result.count) < wanted {
      let part = Int(min(Page.byteCount, wanted - UInt64(result.count)))
      let isDone = machine.write(frame) { page in
        result.append(contentsOf: page[..<part])
      }
      if !isDone { break }
    }
    return result
  }

  /// Gives the module's frames to the allocator. Where they are mapped they must not stay so: they
  /// may become page tables.
  private func releaseModule() {
    let frames = machine.entry.module.frames
    if let address = machine.entry.moduleAddress { machine.unmap(address, count: frames.count) }
    machine.giveBack(frames)
  }
}
