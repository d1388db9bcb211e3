// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CMiniOS
import CXen
import DomainBuilder
import MenuScreen
import MiniOS
import XenFrontends

/// Whether the loader still tells xenstore how far it is.
enum Reporting {
  case notYet
  case on
  /// xenstore refused or did not answer: it is not asked again.
  case off
}

/// The report that a toolstack reads in xenstore.
extension Loader {
  /// The most nanoseconds that one state's report waits for xenstore; after that there is no more.
  private static let reportTimeLimit: UInt64 = 2_000_000_000

  /// Tells that `state` is reached, and all that is known by then.
  func reportState(_ state: BootReport.State) {
    guard reporting != .off else { return }
    report.state = state
    report.times = times.text(now: hypervisor.now)
    do throws(XenStoreError) {
      if reporting == .notYet { try removeOldReport() }
      reporting = .on
      try store.write(report.takeChanges(), within: Self.reportTimeLimit)
    } catch {
      reporting = .off
      say("pvgrub-swift: no report in xenstore: \(error.message)")
    }
  }

  /// Takes away what a loader before this one in the same domain reported.
  private func removeOldReport() throws(XenStoreError) {
    let usual = store.timeLimit
    store.timeLimit = Self.reportTimeLimit
    defer { store.timeLimit = usual }
    try store.removeIfPresent(BootReport.path)
  }

  /// Tells which files are loaded.
  func reportLoading(_ files: GuestBootFiles) {
    report.kernel = TerminalText.harmless(files.kernel.name)
    report.commandLine = TerminalText.harmless(files.commandLine)
    report.byteCounts = files.byteCounts
    reportState(.loading)
  }

  /// What the boot took up to now.
  func counters(_ payload: PayloadFrames, ramdiskByteCount: UInt64) -> BootCounters {
    var result = BootCounters()
    result.hypercallCount = xen_hypercall_count()
    for disk in disks {
      let statistics = disk.statistics
      result.requestCount += UInt64(statistics.requestCount)
      result.readByteCount += statistics.byteCount
      result.grantCount += UInt64(statistics.grantCount)
      result.sleepCount += UInt64(statistics.sleepCount)
      result.copiedByteCount += statistics.copiedByteCount
    }
    result.copiedByteCount += copiedByteCount
    // The least that was ever free: then either the decoder was at work, or all was in place.
    let most = FrameAllocator.freeCountMax
    let taken = most - min(FrameAllocator.freeCountMin, most)
    let guests = payload.pages.frameCount + (ramdiskByteCount + 4095) / 4096
    // In PVH the image's frames were noted as free before they were noted as taken.
    let imageByteCount =
      StubDomain.mode == .pvh ? 0 : minios_image_end() - minios_text_start()
    result.peakByteCount = (taken - min(guests, taken)) * 4096 + imageByteCount
    return result
  }

  /// Tells why an attempt failed, once.
  func reportFailure(_ reason: ByteString) {
    let error = TerminalText.harmless(reason)
    if report.state == .failed, report.error == error { return }
    report.error = error
    reportState(.failed)
  }

  /// Notes which entry is started, and the titles of the menus around it.
  func choose(_ title: ByteString, in outer: ArraySlice<ByteString>) {
    chosenTitles = outer + [TerminalText.harmless(title)]
  }
}
