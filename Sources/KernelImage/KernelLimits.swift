// SPDX-License-Identifier: GPL-2.0-or-later

/// What the size of a kernel's file justifies.
enum KernelLimits {
  /// How many bytes an ordinary kernel unpacks to for each packed one: those of distributions come
  /// to 4 to 6.
  static let usualRatio: UInt64 = 8
  /// The size of a packed kernel's file in bytes beyond which no more work is allowed: it may be
  /// sparse.
  static let justifyingFileByteCountMax: UInt64 = 256 << 20
}
