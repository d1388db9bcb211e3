// SPDX-License-Identifier: GPL-2.0-or-later

/// Whose fault an error is.
public enum FailureFamily: Sendable {
  /// The request was wrong: no such file, not a directory.
  case wrongRequest
  /// What was found is valid but can't be used here; the message names the feature.
  case unsupported
  /// What was found breaks its own rules; the message names the place.
  case corrupt
  /// A device or the hypervisor did not do what it was asked; the message names the place.
  case device
}

/// An error that can be told to an administrator in one line.
public protocol BootFailure: Error, Equatable {
  /// Whose fault it is.
  var family: FailureFamily { get }

  /// One line, without a full stop, that names the place, the feature or the file.
  var message: ByteString { get }
}
