// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a stored password can't be compared with anything.
public enum PasswordError: BootFailure {
  /// Its text is not of the form that it should have.
  case malformed
  /// It is hashed in a way that is not known here.
  case unknownHash(ByteString)
  /// It asks for more than `PasswordLimits.roundCountMax` rounds.
  case tooManyRounds(UInt64)
  /// It, or a part of it, is longer than `PasswordLimits` allow.
  case tooLong

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .unknownHash, .tooManyRounds: .unsupported
    case .malformed, .tooLong: .corrupt
    }
  }

  /// One line about it.
  public var message: ByteString {
    switch self {
    case .malformed: "stored password is malformed"
    case .unknownHash(let name): "stored password has the unknown hash $\(name)$"
    case .tooManyRounds(let count):
      "stored password takes \(count) rounds, more than \(PasswordLimits.roundCountMax)"
    case .tooLong: "stored password is too long"
    }
  }
}
