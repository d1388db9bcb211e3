// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ByteView {
  /// The 32 bits at `offset`, stored twice, low byte first and then high byte first (ECMA-119,
  /// 7.3.3). A second form of zero counts as left out, as some writers do. Throws if the forms
  /// differ, or are not in the view.
  func bothEndian32(
    at offset: Int, in place: ISO9660Structure
  ) throws(ISO9660Error) -> UInt32 {
    guard let low = u32(at: offset), let high = u32BigEndian(at: offset + 4),
      low == high || high == 0
    else { throw .disagreement(place, offset: offset) }
    return low
  }

  /// The same for 16 bits (ECMA-119, 7.2.3).
  func bothEndian16(
    at offset: Int, in place: ISO9660Structure
  ) throws(ISO9660Error) -> UInt16 {
    guard let low = u16(at: offset), let high = u16BigEndian(at: offset + 2),
      low == high || high == 0
    else { throw .disagreement(place, offset: offset) }
    return low
  }
}
