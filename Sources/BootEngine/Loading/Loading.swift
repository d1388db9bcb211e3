// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan

/// The way of an entry's files into the frames of a new domain.
final class Loading<H: HandOver> {
  let handOver: H
  private let attempt: Attempt<H.M>
  private let reader: FilesReader<H.M>

  init(_ files: GuestBootFiles<H.M>, into handOver: H, _ attempt: Attempt<H.M>) {
    self.handOver = handOver
    self.attempt = attempt
    let ahead = RamdisksAhead(files, attempt, isAllowed: handOver.canReadAhead) {
      handOver.placesAhead()
    }
    reader = FilesReader(files, attempt, ahead)
  }

  /// Loads everything and makes the hand-over ready; nothing is lost on failure.
  func run() throws(BootError) -> H {
    do throws(BootError) {
      attempt.begin()
      let kernel = try reader.loadKernel(
        into: handOver.payload, asItIs: handOver.kernelUnpacksItself)
      let places = try handOver.plan(kernel)
      try attempt.check(.moduleFrames)
      attempt.enter(.ramdisks)
      try reader.readRamdisks(into: places)
      try attempt.check(.module)
      attempt.enter(.handOver)
      try handOver.takeFrames()
      try attempt.check(.tableFrames)
      try handOver.fill()
      try handOver.check()
      try attempt.check(.pin)
      return handOver
    } catch {
      reader.drop()
      attempt.abandon(handOver)
      throw error
    }
  }
}
