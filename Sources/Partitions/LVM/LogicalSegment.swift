// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A segment of a logical volume as its group's text has it.
struct LogicalSegment: Equatable {
  /// Extents of a physical or a logical volume.
  struct Area: Equatable {
    let name: ByteString
    let firstExtent: UInt64
  }

  /// How its bytes are stored.
  enum Kind: Equatable {
    /// In turn on areas; with one area one after the other (`striped`, `linear`).
    case striped([Area], stripeByteCount: UInt64)
    /// The same on each area (`mirror`).
    case mirrored([Area])
    /// The same on each of some logical volumes (`raid1`); each has another one that says how well
    /// it is.
    case copied(images: [ByteString], states: [ByteString])
    /// On some logical volumes as an array of md (`raid5_ls`).
    case raid(
      StripeLayout.Redundancy, images: [ByteString], states: [ByteString],
      stripeByteCount: UInt64)
    /// Nowhere.
    case zeros
    /// What a snapshot keeps of its origin, in a store.
    case snapshot(origin: ByteString, store: ByteString, isMerging: Bool)
    /// In a way that is not known here.
    case unsupported
  }

  let firstExtent: UInt64
  let extentCount: UInt64
  /// The type's name.
  let type: ByteString
  let kind: Kind

  init(_ section: LVMSection) throws(LVMError) {
    firstExtent = try section.number("start_extent")
    extentCount = try section.number("extent_count")
    // `thin-pool`, and flags after a plus: `raid1+VISIBLE`.
    type = try section.string("type")
    let base = type.split(on: 0x2b).first ?? type
    switch base {
    case "striped", "linear":
      let areas = try Self.areas(section, "stripes")
      let size = areas.count > 1 ? try Self.stripeByteCount(section) : 0
      kind = .striped(areas, stripeByteCount: size)
    case "mirror": kind = .mirrored(try Self.areas(section, "mirrors"))
    case "raid1":
      let (images, states) = try Self.images(section, "raids")
      kind = .copied(images: images, states: states)
    case "zero": kind = .zeros
    case "raid0":
      kind = .raid(
        .none, images: try Self.names(section, "raid0_lvs"), states: [],
        stripeByteCount: try Self.stripeByteCount(section))
    case "snapshot":
      let isMerging = section["merging_store"] != nil
      kind = .snapshot(
        origin: try section.string("origin"),
        store: try section.string(isMerging ? "merging_store" : "cow_store"), isMerging: isMerging)
    default:
      guard let redundancy = Self.redundancy(base, section), !Self.hasMoved(section) else {
        kind = .unsupported
        return
      }
      let (images, states) = try Self.images(section, "raids")
      kind = .raid(
        redundancy, images: images, states: states,
        stripeByteCount: try Self.stripeByteCount(section))
    }
  }

  /// The arrays of md that LVM2's types are (Linux, `drivers/md/dm-raid.c`). Its RAID 4 has changed
  /// the member with the parity, and is not taken.
  private static func redundancy(
    _ type: ByteString, _ section: LVMSection
  ) -> StripeLayout.Redundancy? {
    switch type {
    case "raid0_meta": return StripeLayout.Redundancy.none
    case "raid5", "raid5_ls": return .parity(.leftSymmetric)
    case "raid5_la": return .parity(.leftAsymmetric)
    case "raid5_ra": return .parity(.rightAsymmetric)
    case "raid5_rs": return .parity(.rightSymmetric)
    case "raid5_n": return .parity(.parityLast)
    case "raid6", "raid6_zr": return .doubleParity(.rotatingZeroRestart)
    case "raid6_nr": return .doubleParity(.rotatingNRestart)
    case "raid6_nc": return .doubleParity(.rotatingNContinue)
    case "raid6_n_6": return .doubleParity(.parityLast)
    case "raid6_ls_6": return .doubleParity(.leftSymmetric6)
    case "raid6_rs_6": return .doubleParity(.rightSymmetric6)
    case "raid6_la_6": return .doubleParity(.leftAsymmetric6)
    case "raid6_ra_6": return .doubleParity(.rightAsymmetric6)
    case "raid10", "raid10_near":
      var near = 2
      if case .number(let copies)? = section["data_copies"] { near = Int(clamping: copies) }
      return .copies(near: near, far: 1, isOffset: false)
    default: return nil
    }
  }

  /// Whether a reshape has left the data elsewhere on the images.
  private static func hasMoved(_ section: LVMSection) -> Bool {
    for name: ByteString in ["data_offset", "reshape_count"] {
      if let value = section[name], value != .number(0) { return true }
    }
    return false
  }

  private static func stripeByteCount(_ section: LVMSection) throws(LVMError) -> UInt64 {
    guard let count = Checked.product(try section.number("stripe_size"), 512) else {
      throw .badValue("stripe_size")
    }
    return count
  }

  /// Pairs of a name and the first extent.
  private static func areas(
    _ section: LVMSection, _ name: ByteString
  ) throws(LVMError) -> [Area] {
    let list = try section.list(name)
    guard !list.isEmpty, list.count % 2 == 0, list.count <= 2 * LVMLimits.partCountMax else {
      throw .badValue(name)
    }
    var result: [Area] = []
    for index in stride(from: 0, to: list.count, by: 2) {
      guard case .string(let volume) = list[index], case .number(let extent) = list[index + 1],
        extent >= 0
      else { throw .badValue(name) }
      result.append(Area(name: volume, firstExtent: UInt64(extent)))
    }
    return result
  }

  private static func names(
    _ section: LVMSection, _ name: ByteString
  ) throws(LVMError) -> [ByteString] {
    let list = try section.list(name)
    guard !list.isEmpty, list.count <= 2 * LVMLimits.partCountMax else { throw .badValue(name) }
    var result: [ByteString] = []
    for value in list {
      guard case .string(let text) = value else { throw .badValue(name) }
      result.append(text)
    }
    return result
  }

  /// Pairs of a volume with an image's state and the one with the image.
  private static func images(
    _ section: LVMSection, _ name: ByteString
  ) throws(LVMError) -> (images: [ByteString], states: [ByteString]) {
    let names = try names(section, name)
    guard names.count % 2 == 0 else { throw .badValue(name) }
    var images: [ByteString] = []
    var states: [ByteString] = []
    for index in stride(from: 0, to: names.count, by: 2) {
      states.append(names[index])
      images.append(names[index + 1])
    }
    return (images, states)
  }
}
