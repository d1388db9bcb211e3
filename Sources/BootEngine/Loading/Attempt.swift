// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import StubMachine

/// Who is told how an attempt goes, and may end it.
protocol AttemptObserver: AnyObject {
  /// Another phase of the boot begins.
  func enter(_ phase: BootPhase)

  /// `byteCount` bytes of the entry's files are there. False if the attempt is to end: the
  /// toolstack wants the domain. Called often: at least once for each chunk, and while waiting for
  /// one; to count costs more than the rest, and is seldom asked for.
  func goesOn(byteCount: () -> UInt64) -> Bool

  /// A line for the administrator.
  func say(_ line: ByteString)

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  func settleDisks() -> Bool
}

/// One attempt to start an entry: the machine it is made on, what the host gave for it, and what
/// has become known of it so far.
final class Attempt<M: Machine> {
  let machine: M
  /// The host's module, if it is an initial ramdisk for the kernel.
  let hostRamdisk: HostRamdisk?
  /// The step that fails on purpose, as the host wants; it takes the way of a real failure.
  private let failingStep: BootStep?
  private let observer: any AttemptObserver

  /// Bytes of the entry's files that are read, but for the one that is being read.
  private(set) var finishedByteCount: UInt64 = 0
  /// Bytes of the kernel that were copied from one place to another.
  var copiedByteCount: UInt64 = 0
  /// What kind of file the kernel is in, and how it is packed.
  var kernelKind = ByteString()
  /// Whether the kernel is a 32-bit one, as Xen's own file is.
  var isKernel32Bit = false

  init(
    _ machine: M, hostRamdisk: HostRamdisk?, failingStep: BootStep?,
    observer: any AttemptObserver
  ) {
    self.machine = machine
    self.hostRamdisk = hostRamdisk
    self.failingStep = failingStep
    self.observer = observer
  }

  /// Whether `step` is to fail now, where its own error is to be thrown.
  func isDue(_ step: BootStep) -> Bool { failingStep == step }

  /// Throws if `step` is to fail.
  func check(_ step: BootStep) throws(BootError) {
    if isDue(step) { throw BootError(.device, "self-test: the step '\(step.name)' fails") }
  }

  /// Another phase begins.
  func enter(_ phase: BootPhase) { observer.enter(phase) }

  /// `byteCount` bytes of the file that is being read are there. Throws if the attempt is to end.
  func goOn(_ byteCount: @autoclosure () -> UInt64) throws(BlockError) {
    guard observer.goesOn(byteCount: { Checked.sum(finishedByteCount, byteCount()) ?? .max })
    else { throw .cancelled }
  }

  /// Files are read from the first one on.
  func begin() {
    finishedByteCount = 0
    enter(.kernel)
  }

  /// A file of `byteCount` bytes is read.
  func finish(_ byteCount: UInt64) {
    finishedByteCount = Checked.sum(finishedByteCount, byteCount) ?? .max
  }

  func say(_ line: ByteString) { observer.say(line) }

  /// Takes back a domain that is not to be, but for the frames that a backend may still write to:
  /// nobody uses those again.
  func abandon(_ handOver: any ReadyHandOver) {
    let isSettled = observer.settleDisks()
    if !isSettled { sayHeld() }
    handOver.undo(keepsRamdisks: !isSettled)
  }

  /// Tells that frames are lost.
  func sayHeld() { say("pvgrub-swift: a backend still holds pages; they stay out of use") }
}

/// The module that the host gave by `ramdisk=`: an initial ramdisk for the kernel, in its frames.
struct HostRamdisk {
  let frames: FrameRange
  let byteCount: UInt64
}
