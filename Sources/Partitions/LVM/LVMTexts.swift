// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The texts of LVM2 that were parsed: each physical volume of a group has the same one, some have
/// it twice.
public final class LVMTexts {
  private struct Known {
    let checksum: UInt32
    let byteCount: Int
    let group: VolumeGroup
  }

  private var known: [Known] = []
  /// How many texts were parsed.
  private(set) var parsedCount = 0

  /// No texts yet.
  public init() {}

  /// The group of a text whose checksum is right; `work` pays.
  func group(
    _ text: [UInt8], checksum: UInt32, _ work: WorkAccount
  ) throws(LVMError) -> VolumeGroup {
    for one in known where one.checksum == checksum && one.byteCount == text.count {
      return one.group
    }
    parsedCount += 1
    let group = try VolumeGroup(text: text, work: work)
    if known.count == LVMLimits.textCountMax { known.removeFirst() }
    known.append(Known(checksum: checksum, byteCount: text.count, group: group))
    return group
  }
}
