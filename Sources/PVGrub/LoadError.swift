// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Why a chosen entry did not start, in one line: what every module's error becomes on the way up.
struct LoadError: BootFailure {
  let family: FailureFamily
  let message: ByteString

  init<Failure: BootFailure>(_ failure: Failure) {
    family = failure.family
    message = failure.message
  }

  init(_ family: FailureFamily, _ message: ByteString) {
    self.family = family
    self.message = message
  }

  /// The same with the place in front: `xvda1: ext4: /boot/vmlinuz: reason`.
  func at(_ place: ByteString) -> LoadError { LoadError(family, "\(place): \(message)") }
}
