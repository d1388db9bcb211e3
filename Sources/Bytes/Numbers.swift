// SPDX-License-Identifier: GPL-2.0-or-later

/// Numbers to text and back, without `String`.
public enum Numbers {
  /// Appends `value` in decimal.
  public static func appendDecimal<Number: BinaryInteger>(
    _ value: Number, to bytes: inout [UInt8]
  ) {
    if Number.isSigned {
      appendDecimal(signed: Int64(truncatingIfNeeded: value), to: &bytes)
    } else {
      appendDecimal(unsigned: UInt64(truncatingIfNeeded: value), to: &bytes)
    }
  }

  @inline(never)
  private static func appendDecimal(signed value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(0x2d) }
    appendDecimal(unsigned: value.magnitude, to: &bytes)
  }

  @inline(never)
  private static func appendDecimal(unsigned value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    let start = bytes.count
    repeat {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest != 0
    bytes[start...].reverse()
  }

  /// Appends `value` in hexadecimal, with at least `digitCountMin` digits and no prefix.
  @inline(never)
  public static func appendHexadecimal(
    _ value: UInt64, digitCountMin: Int, to bytes: inout [UInt8]
  ) {
    var rest = value
    let start = bytes.count
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest & 0xf)
      bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
      rest >>= 4
    } while rest != 0 || bytes.count - start < digitCountMin
    bytes[start...].reverse()
  }

  /// The value of a text of decimal digits only; nil if it is empty, has another byte or is over
  /// 64 bits.
  @inline(never)
  public static func decimal(_ text: ByteString) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in text.bytes {
      guard ASCII.isDigit(byte) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// The value of a text of hexadecimal digits only, without prefix; nil if it is empty, has
  /// another byte or is over 64 bits.
  @inline(never)
  public static func hexadecimal(_ text: ByteString) -> UInt64? {
    guard !text.isEmpty, text.count <= 16 else { return nil }
    var value: UInt64 = 0
    for byte in text.bytes {
      guard let digit = ASCII.hexadecimalValue(byte) else { return nil }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}
