// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import MiniOS

/// What goes on between the chunks of a load: the progress line, and the toolstack's requests.
extension Loader {
  /// Starts to count the files of an entry.
  func startProgress(_ files: GuestBootFiles) {
    let (kernel, ramdisks) = files.byteCounts
    readByteCount = 0
    progress = ProgressLine(
      totalByteCount: Checked.sum(kernel, ramdisks) ?? .max, now: hypervisor.now)
  }

  /// Takes the line away for good.
  func stopProgress() {
    clearProgress()
    progress = nil
  }

  /// Takes the line away for something else to be said.
  func clearProgress() {
    guard let text = progress?.clear(), !text.isEmpty else { return }
    console.write(text.bytes)
  }

  /// Called between chunks, when `byteCount` bytes of the present file are there: obeys the
  /// toolstack, and shows the progress from time to time. Costs a look at xenstore's ring and one
  /// at the clock.
  func loadingGoesOn(_ byteCount: @autoclosure () -> UInt64) {
    obeyToolstack()
    let now = hypervisor.now
    guard var line = progress, line.isDue(now: now) else { return }
    let count = Checked.sum(readByteCount, byteCount()) ?? .max
    if console.writeIfIdle(line.update(byteCount: count, now: now).bytes) { progress = line }
  }
}
