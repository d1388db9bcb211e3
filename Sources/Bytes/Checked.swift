// SPDX-License-Identifier: GPL-2.0-or-later

/// Arithmetic on values from outside: nil instead of a trap.
public enum Checked {
  /// `left + right`, or nil if it does not fit.
  public static func sum<Number: FixedWidthInteger>(_ left: Number, _ right: Number) -> Number? {
    let (value, overflow) = left.addingReportingOverflow(right)
    return overflow ? nil : value
  }

  /// `left - right`, or nil if it does not fit.
  public static func difference<Number: FixedWidthInteger>(
    _ left: Number, _ right: Number
  ) -> Number? {
    let (value, overflow) = left.subtractingReportingOverflow(right)
    return overflow ? nil : value
  }

  /// `left * right`, or nil if it does not fit.
  public static func product<Number: FixedWidthInteger>(
    _ left: Number, _ right: Number
  ) -> Number? {
    let (value, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : value
  }

  /// `value` rounded up to a multiple of `unit`, or nil if that does not fit.
  public static func roundedUp(_ value: UInt64, toMultipleOf unit: UInt64) -> UInt64? {
    precondition(unit > 0, "a multiple of nothing")
    guard let raised = sum(value, unit - 1) else { return nil }
    return raised - raised % unit
  }
}
