// SPDX-License-Identifier: GPL-2.0-or-later

/// The limits that keep a password in a guest's menu from holding the loader up.
public enum PasswordLimits {
  /// The longest password that can be typed, and that a menu may hold in plain text, in bytes.
  public static let passwordByteCountMax = 256
  /// The most rounds of hashing that a stored password may ask for: some ten seconds.
  public static let roundCountMax: UInt64 = 10_000_000
  /// The rounds of one step of a check: about a millisecond.
  public static let roundsPerStep = 1000
  /// The length of a salt in bytes.
  public static let saltByteCountMax = 1024
  /// The length of a stored hash in bytes.
  public static let digestByteCountMax = 1024
}
