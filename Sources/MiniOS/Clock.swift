// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

/// Xen's system time: nanoseconds since boot of the host, from the time record that Xen keeps in
/// the shared info page (`struct vcpu_time_info` of xen.h) and the processor's counter.
public enum Clock {
  /// The processor's time stamp counter.
  static var timeStamp: UInt64 { xen_time_stamp() }

  /// How often a record that Xen is changing is read anew.
  private static let attemptCountMax = 1000

  /// System time in nanoseconds.
  public static var now: UInt64 {
    guard let record = SharedInfo.time else { return 0 }
    for _ in 0..<attemptCountMax {
      let version = record.load(as: UInt32.self)
      xen_rmb()
      let stamp = record.load(fromByteOffset: 8, as: UInt64.self)
      let base = record.load(fromByteOffset: 16, as: UInt64.self)
      let factor = record.load(fromByteOffset: 24, as: UInt32.self)
      let shift = record.load(fromByteOffset: 28, as: Int8.self)
      let counter = timeStamp
      xen_rmb()
      guard version & 1 == 0, version == record.load(as: UInt32.self) else { continue }
      let passed = counter &- stamp
      let shifted = shift >= 0 ? passed &<< UInt64(shift) : passed &>> UInt64(-Int(shift))
      let product = shifted.multipliedFullWidth(by: UInt64(factor))
      return base &+ (product.high &<< 32 | product.low &>> 32)
    }
    return 0
  }
}
