// SPDX-License-Identifier: GPL-2.0-or-later

/// What LVM2's metadata may be at most.
public enum LVMLimits {
  /// The bytes of one copy of a group's text.
  public static let textByteCountMax = 4 << 20
  /// The parsed texts that are kept while disks are looked at.
  static let textCountMax = 16
  /// How deep sections and lists may stand in each other; LVM2 uses 4.
  static let nestingMax = 8
  /// The names, values and sections of a text: 4,096 logical volumes of two segments.
  static let itemCountMax = 1 << 18
  /// The bytes of a header's list of areas.
  static let areaCountMax = 16
  /// How deep logical volumes may stand on logical volumes.
  static let volumeDepthMax = 4
  /// The parts of a segment: stripes, legs, images.
  static let partCountMax = 128
  /// The segments of all logical volumes of a group, those of volumes on volumes counted again.
  static let segmentCountMax = 1 << 17
  /// The bytes of memory that a part of a text takes at most while it is parsed.
  static let itemByteCount = 128
  /// The parts of a text between two looks at the memory.
  static let itemsPerLook = 4096
  /// The remarks on one logical volume and all that it stands on.
  static let remarkCountMax = 64
  /// The bytes of an extent.
  static let extentByteCountMax: UInt64 = 1 << 40
}
