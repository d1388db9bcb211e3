// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// What the loader does before it looks for a menu.
extension Loader {
  /// The children of `data/pvgrub` that are read.
  private static var nodeCountMax: Int { 32 }

  /// Opens the display, says the first line, and takes what the host said in xenstore.
  public func start() {
    openDisplay()
    note("\(machine.entry.frameCount / 256) MiB of memory")
    takeNodes()
    for word in options.unknown { note("unknown word in extra=: \(word)") }
  }

  /// Connects the framebuffer and its keyboard, if the guest has them.
  private func openDisplay() {
    do throws(XenStoreError) {
      console.display = try Display(store: store, grants: grants, hypervisor: machine)
    } catch { note(error.message) }
    reconnectDisplay()
  }

  /// Connects the display again after a boot that failed.
  func reconnectDisplay() {
    note(console.display?.connect() ?? [])
  }

  /// Takes what the toolstack wrote into `data/pvgrub` before the domain ran, once, before any byte
  /// of a disk is read. A guest that is started again by its own loader could write there.
  private func takeNodes() {
    guard !options.isChained else { return }
    do throws(XenStoreError) {
      for name in try store.directory("data/pvgrub").prefix(Self.nodeCountMax) {
        guard let value = try store.readIfPresent("data/pvgrub/\(name)") else { continue }
        note("xenstore says \(name)=\(value)")
        options.takeNode(name, value)
      }
    } catch {
      if !error.isNotFound { note(error.message) }
    }
  }

  /// Connects every disk, and looks at what is on it.
  func connectDisks() {
    do throws(XenStoreError) {
      try toolstack.start()
      try disks.discover(store: store, grants: grants, machine: machine)
    } catch { note(error.message) }
    note(disks.reconnect())
    environment = GuestEnvironment(GuestDisks(disks.contents(work)), work: work)
  }
}
