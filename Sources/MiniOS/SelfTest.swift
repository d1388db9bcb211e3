// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS

/// Faults made on purpose: the lab checks that each is reported and ends the domain.
public enum SelfTest {
  /// Writes to the image's code, which is mapped read-only.
  public static func writeToText() {
    UnsafeMutablePointer<UInt8>(bitPattern: UInt(minios_text_start()))?.pointee = 0
  }

  /// Reads page 0, which is mapped nowhere.
  public static func readNull() {
    let address = minios_text_start() & 0xfff | 8
    _ = UnsafePointer<UInt8>(bitPattern: UInt(address))?.pointee
  }
}
