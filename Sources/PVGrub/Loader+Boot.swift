// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import MenuScreen
import MiniOS
import XenFrontends

extension Loader {
  /// Boots `target`, or throws with everything as it was: disks connected, memory given back.
  func boot(_ target: BootTarget) throws(BootError) -> Never {
    times.startAttempt(now: hypervisor.now)
    Fault.step = failures?.next()
    isKernel32Bit = false
    report.startAttempt(BootReport.entryPath(chosenTitles))
    var files: GuestBootFiles
    let lastStep: LastStep
    do throws(BootError) {
      files = try environment.locate(target)
      files.commandLine = options.arguments.applied(to: files.commandLine)
      try Fault.check(.locate)
      say("Loading \(files.kernel.name)")
      for file in files.initrds { say("Loading \(file.name)") }
      reportLoading(files)
      startProgress(files)
      lastStep = try prepare(files)
    } catch {
      stopProgress()
      times.enter(.menu, now: hypervisor.now)
      reconnectDisks()
      reconnectDisplay()
      restartWatch()
      if Fault.step != nil { sayWhatIsHeld() }
      // A menu of a host inside of a guest: as pygrub does, the kernel behind the hypervisor.
      if isKernel32Bit, let linux = target.linuxAmongModules {
        say("pvgrub-swift: \(error.message)")
        say("pvgrub-swift: it is taken for a hypervisor; its first module is started")
        try boot(linux)
      }
      reportFailure(error.message)
      throw error
    }
    sayFarewell(files)
    lastStep.jump()
  }

  /// Loads the files, makes the last step ready, and leaves the disks.
  private func prepare(_ files: GuestBootFiles) throws(BootError) -> LastStep {
    let step = try lastStep(files)
    stopProgress()
    report.counters =
      counters(step.payload, ramdiskByteCount: files.byteCounts.ramdisks).text
    do throws(BootError) {
      try leaveDisks()
    } catch {
      step.giveUp()
      throw error
    }
    return step
  }

  /// Loads the files, and builds the domain beside this one as far as it can be undone.
  private func lastStep(_ files: GuestBootFiles) throws(BootError) -> LastStep {
    switch StubDomain.mode {
    case .pv:
      let domain = try load(files)
      do throws(BootError) {
        return .pv(try HandOver(domain, info: info, commandLine: files.commandLine))
      } catch {
        domain.release()
        throw error
      }
    case .pvh:
      let domain = try loadHVM(files)
      do throws(BootError) {
        return .pvh(try HVMHandOver(domain, info: info, commandLine: files.commandLine))
      } catch {
        domain.release()
        throw error
      }
    }
  }

  /// Closes the disks so that the next kernel can connect them, ends the watches, and makes sure
  /// that no frame is granted any more.
  private func leaveDisks() throws(BootError) {
    for disk in disks where disk.status == .connected || disk.heldGrantCount > 0 {
      do throws(DiskError) {
        try disk.close()
      } catch {
        // A drive that nobody read from is no reason not to boot, as long as it holds nothing.
        guard disk.description.isCDROM, disk.heldGrantCount == 0 else {
          throw BootError(error).at(disk.name)
        }
        say("pvgrub-swift: \(disk.name): \(error.message)")
      }
      try Fault.check(.closeDisk)
    }
    // A display is no reason not to boot, whatever its backend does.
    for line in console.display?.close() ?? [] { say("pvgrub-swift: \(line)") }
    reportState(.booting)
    do throws(XenStoreError) {
      try store.unwatchAll()
      shutdownWatch = nil
    } catch { throw BootError(error) }
    try Fault.check(.unwatch)
    do throws(XenStoreError) {
      try store.drain()
    } catch { throw BootError(error) }
    try Fault.check(.drain)
    try Fault.check(.grants)
    guard grants.activeCount == (console.display?.heldGrantCount ?? 0) else {
      throw BootError(.device, "\(grants.activeCount) pages are still granted to a backend")
    }
  }

  /// Watches for `xl shutdown` again after a boot that failed.
  private func restartWatch() {
    do throws(XenStoreError) {
      try store.unwatch(token: ShutdownWatch<XenHypervisor>.token)
      shutdownWatch = try ShutdownWatch(store: store)
    } catch { say("pvgrub-swift: \(error.message)") }
  }

  /// A line of the self-test: after each failure the numbers must be the same.
  private func sayWhatIsHeld() {
    say(
      "pvgrub-swift: self-test: \(FrameAllocator.freeCount) frames free, \(Heap.pageCount) in the "
        + "heap, \(AddressSpace.tableFrames.count) tables, \(grants.activeCount) grants")
  }

  private func sayFarewell(_ files: GuestBootFiles) {
    let now = hypervisor.now
    let summary = BootSummary(
      kernel: files.kernel.name, kind: kernelKind, byteCounts: files.byteCounts,
      ramdiskCount: files.initrds.count,
      readNanoseconds: times.sum(of: .kernel, now: now) &+ times.sum(of: .ramdisks, now: now),
      totalNanoseconds: times.total(now: now), commandLine: files.commandLine)
    say(summary.line)
    console.flush(until: hypervisor.now + console.timeLimit)
    // The terminal's answer, if it comes this late, is not for the kernel's login prompt.
    if terminal.isAnswerDue { _ = console.read() }
  }
}
