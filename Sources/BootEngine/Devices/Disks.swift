// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// Every disk that xenstore lists, connected or not. A disk that fails is left out, with a line
/// that says why.
final class Disks<M: Machine> {
  /// Nanoseconds for all disks together to connect.
  private static var connectTimeLimit: UInt64 { 30_000_000_000 }

  private(set) var all: [DiskFrontend<M>] = []

  init() {}

  /// Those that can be read.
  var connected: [DiskFrontend<M>] { all.filter { $0.status == .connected } }

  /// Finds the domain's disks, connects none.
  func discover(
    store: XenStore<M>, grants: GrantTable<M>, machine: M
  ) throws(XenStoreError) {
    all = try DiskFrontend.discover(store: store, grants: grants, hypervisor: machine)
  }

  /// Those that can be read, as the search for menus wants them; `work` pays for what is on them.
  func contents(_ work: WorkAccount) -> [GuestDisk<CachedDisk<M>>] {
    var result: [GuestDisk<CachedDisk<M>>] = []
    for disk in connected {
      result.append(GuestDisk(CachedDevice(disk, work: work), isOptical: disk.description.isCDROM))
    }
    return result
  }

  /// Connects the disks that are not connected, and says which fail.
  func reconnect() -> [ByteString] {
    // A drive without a medium is not waited for again.
    connect(all.filter { $0.status != .connected && !$0.status.isSkipped })
  }

  /// Connects disks anew whose backend died while the menu or a command read from them. Once: those
  /// that fail are not tried again before the next boot.
  func revive() -> [ByteString] {
    let dead = all.filter { $0.isDead }
    guard !dead.isEmpty else { return [] }
    _ = settle()
    return connect(dead.filter { $0.status != .connected })
  }

  /// Connects those of `disks` anew whose backend took too long to answer. Drives that were not
  /// connected before are not waited for again.
  func restore(_ disks: [DiskFrontend<M>]) -> [ByteString] {
    connect(disks.filter { !$0.settle() || $0.status != .connected })
  }

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  func settle() -> Bool {
    var isSettled = true
    for disk in all where !disk.settle() { isSettled = false }
    return isSettled
  }

  /// Closes what is connected, and says what fails: the domain ends.
  func close() -> [ByteString] {
    var complaints: [ByteString] = []
    for disk in connected {
      do throws(DiskError) { try disk.close() } catch { complaints.append(error.message) }
    }
    return complaints
  }

  /// Closes a disk so that the next kernel can connect it; gives a line if that failed but is no
  /// reason not to boot.
  func leave(_ disk: DiskFrontend<M>) throws(BootError) -> ByteString? {
    do throws(DiskError) {
      try disk.close()
      return nil
    } catch {
      // A drive that nobody read from is no reason not to boot, as long as it holds nothing.
      guard disk.description.isCDROM, disk.heldGrantCount == 0 else {
        throw BootError(error).at(disk.name)
      }
      return "\(disk.name): \(error.message)"
    }
  }

  private func connect(_ closed: [DiskFrontend<M>]) -> [ByteString] {
    DiskFrontend.connect(closed, timeLimit: Self.connectTimeLimit)
    var complaints: [ByteString] = []
    for disk in closed {
      if let reason = disk.status.failureReason { complaints.append("\(disk.name): \(reason)") }
    }
    return complaints
  }
}
