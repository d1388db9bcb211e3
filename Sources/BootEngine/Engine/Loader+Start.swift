// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// What the loader does before it looks for a menu.
extension Loader {
  /// Nanoseconds for all disks together to connect.
  private static var connectTimeLimit: UInt64 { 30_000_000_000 }
  /// The children of `data/pvgrub` that are read.
  private static var nodeCountMax: Int { 32 }

  /// Opens the display, says the first line, and takes what the host said in xenstore.
  public func start() {
    openDisplay()
    say("pvgrub-swift: \(machine.entry.frameCount / 256) MiB of memory")
    takeNodes()
    for word in options.unknown { say("pvgrub-swift: unknown word in extra=: \(word)") }
  }

  /// Connects the framebuffer and its keyboard, if the guest has them.
  private func openDisplay() {
    do throws(XenStoreError) {
      console.display = try Display(store: store, grants: grants, hypervisor: machine)
    } catch { say("pvgrub-swift: \(error.message)") }
    reconnectDisplay()
  }

  /// Connects the display again after a boot that failed.
  func reconnectDisplay() {
    for line in console.display?.connect() ?? [] { say("pvgrub-swift: \(line)") }
  }

  /// Takes what the toolstack wrote into `data/pvgrub` before the domain ran, once, before any byte
  /// of a disk is read. A guest that is started again by its own loader could write there.
  private func takeNodes() {
    guard !options.isChained else { return }
    do throws(XenStoreError) {
      for name in try store.directory("data/pvgrub").prefix(Self.nodeCountMax) {
        guard let value = try store.readIfPresent("data/pvgrub/\(name)") else { continue }
        say("pvgrub-swift: xenstore says \(name)=\(value)")
        options.takeNode(name, value)
      }
    } catch {
      if !error.isNotFound { say("pvgrub-swift: \(error.message)") }
    }
  }

  /// Connects every disk, and looks at what is on it.
  func connectDisks() {
    do throws(XenStoreError) {
      try toolstack.start()
      disks = try DiskFrontend.discover(store: store, grants: grants, hypervisor: machine)
    } catch { say("pvgrub-swift: \(error.message)") }
    reconnectDisks()
    var found: [GuestDisk<CachedDisk<M>>] = []
    for disk in disks where disk.status == .connected {
      found.append(GuestDisk(CachedDevice(disk), isOptical: disk.description.isCDROM))
    }
    environment = GuestEnvironment(GuestDisks(found))
  }

  /// Connects the disks that are not connected. Logs and skips disks that fail.
  func reconnectDisks() {
    // A drive without a medium is not waited for again.
    connect(disks.filter { $0.status != .connected && !$0.status.isSkipped })
  }

  /// Connects disks anew whose backend died while the menu or a command read from them. Once: those
  /// that fail are not tried again before the next boot.
  func reviveDisks() {
    let dead = disks.filter { $0.isDead }
    guard !dead.isEmpty else { return }
    _ = settleDisks()
    connect(dead.filter { $0.status != .connected })
  }

  /// Connects `closed` disks. Logs those that fail.
  func connect(_ closed: [DiskFrontend<M>]) {
    DiskFrontend.connect(closed, timeLimit: Self.connectTimeLimit)
    for disk in closed {
      if let reason = disk.status.failureReason { say("pvgrub-swift: \(disk.name): \(reason)") }
    }
  }
}
