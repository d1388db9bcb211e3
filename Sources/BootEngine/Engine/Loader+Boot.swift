// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import BootSession
import Bytes
import CXen
import KernelImage
import MenuScreen
import StubMachine
import XenFrontends

extension Loader {
  /// What an attempt came to.
  enum BootResult {
    /// Everything is loaded, the disks are closed, and only the jump is left.
    case ready(any ReadyHandOver)
    /// It failed, and everything is as it was: disks connected, memory given back.
    case failed(BootFailureReport)
  }

  /// Loads what an entry names, up to the last step that can be undone.
  func boot(
    _ target: BootTarget, _ titles: [ByteString], isAnswerDue: () -> Bool
  ) -> BootResult {
    times.startAttempt(now: machine.now)
    reporter.report.startAttempt(BootReport.entryPath(titles))
    let step = failures?.next()
    beginAttempt()
    let attempt = Attempt(
      machine, hostRamdisk: hostRamdisk, failingStep: step, observer: self)
    do throws(BootError) {
      var files = try environment.locate(target)
      files.commandLine = options.arguments.applied(to: files.commandLine)
      try attempt.check(.locate)
      let sizes = files.byteCounts
      work.allow(WorkLimits.loading(byteCount: Checked.sum(sizes.kernel, sizes.ramdisks) ?? .max))
      say("Loading \(files.kernel.name)")
      for file in files.initrds { say("Loading \(file.name)") }
      tellLoading(files)
      let handOver = try prepare(files, attempt)
      sayFarewell(files, attempt)
      // The terminal's answer, if it comes this late, is not for the kernel's login prompt.
      if isAnswerDue() { _ = console.read() }
      return .ready(handOver)
    } catch {
      stopProgress()
      times.enter(.menu, now: machine.now)
      let report = BootFailureReport(error, isKernel32Bit: attempt.isKernel32Bit)
      // Nothing is needed any more.
      if wantedEnd != nil { return .failed(report) }
      // One whose backend died while a file was looked for is closed here too.
      _ = disks.settle()
      note(disks.reconnect())
      reconnectDisplay()
      do throws(XenStoreError) { try toolstack.restart() } catch { note(error.message) }
      if step != nil { sayWhatIsHeld() }
      return .failed(report)
    }
  }

  /// Loads the files, makes the last step ready, and leaves the disks.
  private func prepare(
    _ files: GuestBootFiles<M>, _ attempt: Attempt<M>
  ) throws(BootError) -> any ReadyHandOver {
    let (kernel, ramdisks) = files.byteCounts
    progress = ProgressLine(
      totalByteCount: Checked.sum(kernel, ramdisks) ?? .max, now: machine.now)
    let handOver = try load(files, attempt)
    stopProgress()
    reporter.report.counters =
      counters(handOver, ramdiskByteCount: ramdisks, copiedByteCount: attempt.copiedByteCount)
    do throws(BootError) {
      try leaveDisks(attempt)
    } catch {
      attempt.abandon(handOver)
      throw error
    }
    return handOver
  }

  /// Builds the new domain beside this one, by the kind of domain it is.
  private func load(
    _ files: GuestBootFiles<M>, _ attempt: Attempt<M>
  ) throws(BootError) -> any ReadyHandOver {
    switch machine.entry.mode {
    case .pv: return try Loading(files, into: try PVHandOver(files, attempt), attempt).run()
    case .pvh:
      guard options.kernelStart == .entry else {
        return try loadPVH(files, attempt, kernelUnpacksItself: true)
      }
      var relocation = PVHKernel.Relocation.presumed
      while true {
        let handOver = try PVHHandOver(
          files, attempt, kernelUnpacksItself: false, relocation: relocation)
        do throws(BootError) {
          return try Loading(files, into: handOver, attempt).run()
        } catch {
          if handOver.shouldUnpackItself { break }
          // At most once: what the note says does not change.
          guard let other = handOver.otherRelocation else { throw error }
          relocation = other
        }
      }
      note("the kernel has no PVH entry: it starts by Linux's boot protocol")
      return try loadPVH(files, attempt, kernelUnpacksItself: true)
    }
  }

  private func loadPVH(
    _ files: GuestBootFiles<M>, _ attempt: Attempt<M>, kernelUnpacksItself: Bool
  ) throws(BootError) -> any ReadyHandOver {
    let handOver = try PVHHandOver(
      files, attempt, kernelUnpacksItself: kernelUnpacksItself)
    return try Loading(files, into: handOver, attempt).run()
  }

  /// Closes the disks so that the next kernel can connect them, ends the watches, and makes sure
  /// that no frame is granted any more.
  private func leaveDisks(_ attempt: Attempt<M>) throws(BootError) {
    for disk in disks.all where disk.status == .connected || disk.heldGrantCount > 0 {
      note(try disks.leave(disk))
      try attempt.check(.closeDisk)
    }
    // A display is no reason not to boot, whatever its backend does.
    note(console.display?.close() ?? [])
    tell(.booting)
    do throws(XenStoreError) {
      try toolstack.stop()
    } catch { throw BootError(error) }
    try attempt.check(.unwatch)
    do throws(XenStoreError) {
      try store.drain()
    } catch { throw BootError(error) }
    try attempt.check(.drain)
    try attempt.check(.grants)
    guard grants.activeCount == (console.display?.heldGrantCount ?? 0) else {
      throw BootError(.device, "\(grants.activeCount) pages are still granted to a backend")
    }
  }

  /// Writes what a menu or an entry wants to be kept, and tells what came of it.
  func save(_ variables: [BootTarget.SavedVariable]) {
    let connected = disks.connected
    note(environment.save(variables, options: options))
    // A backend that never answers a write costs its connection, but not the boot.
    note(disks.restore(connected))
  }

  /// A line of the self-test: after each failure the numbers must be the same.
  private func sayWhatIsHeld() {
    let held = machine.heldFrames
    note(
      "self-test: \(machine.freeFrameCount) frames free, \(held.heap) in the heap, "
        + "\(held.tables) tables, \(grants.activeCount) grants")
  }

  private func sayFarewell(_ files: GuestBootFiles<M>, _ attempt: Attempt<M>) {
    let now = machine.now
    let summary = BootSummary(
      kernel: files.kernel.name, kind: attempt.kernelKind, byteCounts: files.byteCounts,
      ramdiskCount: files.initrds.count,
      readNanoseconds: times.sum(of: .kernel, now: now) &+ times.sum(of: .ramdisks, now: now),
      totalNanoseconds: times.total(now: now), commandLine: files.commandLine)
    say(summary.line)
    console.flush(until: machine.now + console.timeLimit)
  }
}

extension Loader: AttemptObserver {
  func enter(_ phase: BootPhase) { times.enter(phase, now: machine.now) }

  /// Obeys the toolstack, and shows the progress from time to time. Costs a look at xenstore's ring
  /// and one at the clock.
  func goesOn(byteCount: () -> UInt64) -> Bool {
    obeyToolstack()
    let now = machine.now
    if var line = progress, line.isDue(now: now),
      console.writeIfIdle(line.update(byteCount: byteCount(), now: now).bytes)
    {
      progress = line
    }
    return wantedEnd == nil
  }

  /// Looks for what the toolstack wants.
  func obeyToolstack() {
    switch toolstack.look() {
    case .end(let how)?: wantedEnd = how
    case .line(let line)?: note(line)
    case nil: break
    }
  }

  func settleDisks() -> Bool { disks.settle() }

  /// Takes the progress line away for good.
  private func stopProgress() {
    clearProgress()
    progress = nil
  }
}
