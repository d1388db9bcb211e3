// SPDX-License-Identifier: GPL-2.0-or-later

/// What is left to do when everything is loaded and the disks are closed, for the kind of domain
/// that the loader is in.
enum LastStep {
  /// A PV domain, with new page tables and frame numbers.
  case pv(HandOver)
  /// A PVH domain, with a new start info.
  case pvh(HVMHandOver)

  /// The new kernel.
  var payload: PayloadFrames {
    switch self {
    case .pv(let handOver): handOver.domain.payload
    case .pvh(let handOver): handOver.domain.payload
    }
  }

  /// Takes everything back, frames included, so that the loader can go on.
  func giveUp() {
    switch self {
    case .pv(let handOver):
      handOver.undo()
      handOver.domain.release()
    case .pvh(let handOver): handOver.domain.release()
    }
  }

  /// The point of no return.
  func jump() -> Never {
    switch self {
    case .pv(let handOver): handOver.jump()
    case .pvh(let handOver): handOver.jump()
    }
  }
}
