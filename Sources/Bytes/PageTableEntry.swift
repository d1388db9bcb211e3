// SPDX-License-Identifier: GPL-2.0-or-later

/// The bits of an x86-64 page-table entry (Intel SDM volume 3, 4.5). The frame is above them.
public enum PageTableEntry {
  /// The page is there.
  public static let present: UInt64 = 1 << 0
  /// It may be written.
  public static let writable: UInt64 = 1 << 1
  /// Ring 3 may use it, which is where a PV kernel runs.
  public static let user: UInt64 = 1 << 2
  /// It was used.
  public static let accessed: UInt64 = 1 << 5
  /// It was written to.
  public static let dirty: UInt64 = 1 << 6
  /// It maps a large page, in a table above the lowest.
  public static let large: UInt64 = 1 << 7
  /// It may not be executed.
  public static let noExecute: UInt64 = 1 << 63

  /// The bits that hold the frame.
  public static let frameMask: UInt64 = 0x000f_ffff_ffff_f000

  /// An L1 entry of memory that may be written and executed, as Xen's builder makes them; Xen adds
  /// `user` for a PV domain.
  public static let page = present | writable | accessed
  /// An entry of an upper table, as Xen's builder makes them.
  public static let table = present | writable | user | accessed | dirty
}
