// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CXen
import MenuScreen
import StubMachine
import XenFrontends

/// What the toolstack is told in xenstore.
extension Loader {
  /// Tells that `state` is reached.
  func tell(_ state: BootReport.State) { note(reporter.tell(state, times: timesText)) }

  /// Tells which files are loaded.
  func tellLoading(_ files: GuestBootFiles<M>) {
    reporter.report.kernel = TerminalText.harmless(files.kernel.name)
    reporter.report.commandLine = TerminalText.harmless(files.commandLine)
    reporter.report.byteCounts = files.byteCounts
    tell(.loading)
  }

  /// Tells why an entry failed, once.
  func tellFailure(_ titles: [ByteString], _ reason: ByteString) {
    if !titles.isEmpty { reporter.report.entry = BootReport.entryPath(titles) }
    note(reporter.tellFailure(reason, times: timesText))
  }

  private var timesText: ByteString { times.text(now: machine.now) }

  /// What the boot took up to now, beside time.
  func counters(
    _ handOver: any ReadyHandOver, ramdiskByteCount: UInt64, copiedByteCount: UInt64
  ) -> ByteString {
    var result = BootCounters()
    result.hypercallCount = xen_hypercall_count()
    for disk in disks.all {
      let statistics = disk.statistics
      result.requestCount += UInt64(statistics.requestCount)
      result.readByteCount += statistics.byteCount
      result.grantCount += UInt64(statistics.grantCount)
      result.sleepCount += UInt64(statistics.sleepCount)
      result.copiedByteCount += statistics.copiedByteCount
    }
    result.copiedByteCount += copiedByteCount
    // The least that was ever free: then either the decoder was at work, or all was in place.
    let (most, fewest) = machine.freeFrameExtremes
    let taken = most - min(fewest, most)
    let guests = handOver.kernelFrameCount + Page.count(ofBytes: ramdiskByteCount)
    // In PVH the image's frames were noted as free before they were noted as taken.
    let imageFrameCount = machine.entry.mode == .pvh ? 0 : machine.entry.imageFrames.frameCount
    result.peakByteCount =
      (taken - min(guests, taken)) * Page.byteCount + imageFrameCount * Page.byteCount
    return result.text
  }
}
