// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes

/// A failure on purpose, which `selftest=fail:` of the host asks for: it takes the way of a real
/// one.
enum Fault {
  /// The step that is to fail in this boot; nil for none.
  nonisolated(unsafe) static var step: BootStep?

  /// Whether `step` is to fail now, where its own error is to be thrown.
  static func isDue(_ step: BootStep) -> Bool { self.step == step }

  /// Throws if `step` is to fail.
  static func check(_ step: BootStep) throws(BootError) {
    if isDue(step) { throw BootError(.device, "self-test: the step '\(step.name)' fails") }
  }
}
