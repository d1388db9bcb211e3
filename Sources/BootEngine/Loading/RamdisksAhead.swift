// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine

/// Ramdisks that are read while the kernel is unpacked (decision 0053): as soon as the kernel's
/// addresses are known, and if the guest has room for both and the decoder, their frames are taken.
/// With each chunk of the kernel a part of them is asked for, behind it in the rings.
///
/// A read that fails is told when the file's turn comes, and only that file is read once more.
final class RamdisksAhead<M: Machine> {
  /// What is asked for at a time: 8 MiB. The decoder has three chunks of the kernel before it,
  /// which last longer than these take to come.
  private static var partByteCount: UInt64 { 8 << 20 }

  private let attempt: Attempt<M>
  private let files: GuestBootFiles<M>
  /// Takes frames for the ramdisks if there is room; nil if not yet or not at all.
  private let place: () -> RamdiskPlaces?
  /// The files that nobody else has taken, once they have frames.
  private var readings: [FileReading<M>] = []
  /// The file under way.
  private var index = 0
  private var isStopped: Bool

  init(
    _ files: GuestBootFiles<M>, _ attempt: Attempt<M>, isAllowed: Bool,
    place: @escaping () -> RamdiskPlaces?
  ) {
    self.attempt = attempt
    self.files = files
    self.place = place
    isStopped = files.initrds.isEmpty || !isAllowed
  }

  /// Asks for the next part if the last one is there; for all that is left if all of the kernel
  /// was asked for.
  func goOn(isKernelRequested: Bool) {
    guard !isStopped else { return }
    if readings.isEmpty {
      guard let places = place() else { return }
      for (file, frames) in zip(files.initrds, places.frames) {
        readings.append(FileReading(file, into: frames, on: attempt.machine))
      }
    }
    repeat {
      while index < readings.count, readings[index].isSubmitted { index += 1 }
      guard index < readings.count else {
        isStopped = true
        return
      }
      readings[index].pump()
      let previous = readings[max(0, readings[index].hasBegun ? index : index - 1)]
      guard isKernelRequested || previous.isLastPartSettled else { return }
      do throws(BlockError) {
        try readings[index].submit(byteCountMax: isKernelRequested ? .max : Self.partByteCount)
      } catch {
        // Whoever reads the rest in its turn sees the same, and says so.
        isStopped = true
      }
    } while isKernelRequested && !isStopped
  }

  /// The first of the files, now that its turn has come; nil if it was not begun.
  func takeFirst() -> FileReading<M>? {
    isStopped = true
    return readings.isEmpty ? nil : readings.removeFirst()
  }

  /// Gives up what is under way.
  func drop() {
    isStopped = true
    for position in readings.indices { readings[position].drop() }
    readings = []
  }
}

/// Frames for each ramdisk of an entry, in order.
struct RamdiskPlaces {
  var frames: [ArraySlice<FrameNumber>]
}
