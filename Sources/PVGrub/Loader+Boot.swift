// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import MiniOS
import XenFrontends

extension Loader {
  /// Boots `target`, or throws with everything as it was: disks connected, memory given back.
  func boot(_ target: BootTarget) throws(BootError) -> Never {
    let start = hypervisor.now
    let files = try environment.locate(target)
    say("Loading \(files.kernel.name)")
    for file in files.initrds { say("Loading \(file.name)") }
    let domain = try load(files)
    let handOver: HandOver
    do throws(BootError) {
      handOver = try HandOver(domain, info: info, commandLine: files.commandLine)
      do throws(BootError) {
        try leaveDisks()
      } catch {
        handOver.undo()
        throw error
      }
    } catch {
      domain.release()
      reconnectDisks()
      restartWatch()
      throw error
    }
    sayFarewell(files, since: start)
    handOver.jump()
  }

  /// Closes the disks so that the next kernel can connect them, ends the watches, and makes sure
  /// that no frame is granted any more.
  private func leaveDisks() throws(BootError) {
    for disk in disks where disk.status == .connected {
      do throws(DiskError) {
        try disk.close()
      } catch { throw BootError(error).at(disk.name) }
    }
    do throws(XenStoreError) {
      try store.unwatchAll()
      shutdownWatch = nil
      try store.drain()
    } catch { throw BootError(error) }
    guard grants.activeCount == 0 else {
      throw BootError(.device, "\(grants.activeCount) pages are still granted to a backend")
    }
  }

  /// Watches for `xl shutdown` again after a boot that failed.
  private func restartWatch() {
    guard shutdownWatch == nil else { return }
    do throws(XenStoreError) {
      shutdownWatch = try ShutdownWatch(store: store)
    } catch { say("pvgrub-swift: \(error.message)") }
  }

  private func sayFarewell(_ files: GuestBootFiles, since start: UInt64) {
    var byteCount = files.kernel.byteCount
    for file in files.initrds { byteCount += file.byteCount }
    let milliseconds = (hypervisor.now - start) / 1_000_000
    say("Read \(byteCount >> 10) KiB in \(milliseconds) ms. Starting: \(files.commandLine)")
    console.flush(until: hypervisor.now + console.timeLimit)
  }
}
