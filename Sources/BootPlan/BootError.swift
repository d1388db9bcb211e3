// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why something can't be booted, in one line: what every module's error becomes on its way to the
/// administrator, with the place in front.
public struct BootError: BootFailure {
  /// Whose fault it is.
  public let family: FailureFamily
  /// One line: disk, file system, file, reason.
  public let message: ByteString

  /// The error of another module.
  public init<Failure: BootFailure>(_ failure: Failure) {
    family = failure.family
    message = failure.message
  }

  /// An error of this one.
  public init(_ family: FailureFamily, _ message: ByteString) {
    self.family = family
    self.message = message
  }

  /// The same with the place in front: `xvda1: ext4: /boot/vmlinuz: reason`.
  public func at(_ place: ByteString) -> BootError { BootError(family, "\(place): \(message)") }
}
