// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A range of bytes that can hold a file system: a map of segments on devices. A partition has one
/// segment on one device; a logical volume, an array or a file that stands for a disk may have
/// many, on several devices.
///
/// A value that never changes, and not a device on devices: generics that nest ever deeper can't be
/// specialised. It is a class so that the readers' many copies of it are one word each.
public final class Volume<Device: BlockDevice> {
  /// The name for people: `xvda1`, `lvm/vg-root`, or the device's own.
  public let name: ByteString

  /// The size in bytes.
  public let byteCount: UInt64

  /// The logical sector size in bytes that tables on it count in.
  public let sectorByteCount: Int

  /// The parts in their order.
  public let segments: [VolumeSegment<Device>]

  /// The devices that it is on, each once, in the order of their first use.
  public let devices: [Device]

  /// Whether it was put together, so that it is never written.
  public let isAssembled: Bool

  /// What pays for the work that is done for what is on it.
  public let work: WorkAccount

  /// How many arrays stand on each other.
  let depth: Int

  /// The place of the only segment, if it is on a device: what most reads need to know.
  private let direct: DirectRun?

  private struct DirectRun {
    let device: Device
    let byteOffset: UInt64
  }

  /// The whole of `device`.
  public convenience init(whole device: Device) {
    let segment = VolumeSegment(.device(device), at: 0, byteCount: device.byteCount)
    self.init(
      name: device.name, checked: [segment], byteCount: device.byteCount,
      sectorByteCount: device.sectorByteCount, isAssembled: false)
  }

  /// A range of `device`; nil unless all of it is on the device.
  public convenience init?(
    _ device: Device, name: ByteString, at byteOffset: UInt64, count byteCount: UInt64
  ) {
    self.init(Volume(whole: device), name: name, at: byteOffset, count: byteCount)
  }

  /// A range of another volume; nil unless all of it is inside.
  public convenience init?(
    _ volume: Volume, name: ByteString, at byteOffset: UInt64, count byteCount: UInt64
  ) {
    guard let segments = volume.segments(at: byteOffset, count: byteCount) else { return nil }
    self.init(
      name: name, checked: segments, byteCount: byteCount,
      sectorByteCount: volume.sectorByteCount, isAssembled: volume.isAssembled)
  }

  /// A volume put together from segments. `sectorByteCount` is the largest of its devices' unless
  /// it is given. Nil if a segment is not inside its source, there are too many, or they have more
  /// than 64 bits of bytes together.
  public convenience init?(
    name: ByteString, segments: [VolumeSegment<Device>], sectorByteCount: Int? = nil
  ) {
    var byteCount: UInt64 = 0
    guard segments.count <= VolumeLimits.segmentCountMax else { return nil }
    for segment in segments {
      guard segment.isInside, let end = Checked.sum(byteCount, segment.byteCount) else {
        return nil
      }
      byteCount = end
    }
    self.init(
      name: name, checked: segments, byteCount: byteCount, sectorByteCount: sectorByteCount,
      isAssembled: true)
  }

  private init(
    name: ByteString, checked segments: [VolumeSegment<Device>], byteCount: UInt64,
    sectorByteCount: Int?, isAssembled: Bool
  ) {
    var placed: [VolumeSegment<Device>] = []
    var devices: [Device] = []
    var depth = 0
    var start: UInt64 = 0
    placed.reserveCapacity(segments.count)
    for segment in segments where segment.byteCount > 0 || segments.count == 1 {
      placed.append(segment.placed(at: start))
      start += segment.byteCount  // The sum was checked.
      switch segment.source {
      case .device(let device): Self.add(device, to: &devices)
      case .zeros, .inline: break
      case .striped(let set):
        for case .some(let member) in set.members {
          depth = max(depth, member.depth + 1)
          for device in member.devices { Self.add(device, to: &devices) }
        }
      }
    }
    self.name = name
    self.byteCount = byteCount
    self.isAssembled = isAssembled
    self.depth = depth
    self.devices = devices
    work = devices.first?.work ?? WorkAccount()
    self.segments = placed
    self.sectorByteCount = sectorByteCount ?? devices.map { $0.sectorByteCount }.max() ?? 512
    if placed.count == 1, case .device(let device) = placed[0].source {
      direct = DirectRun(device: device, byteOffset: placed[0].sourceByteOffset)
    } else {
      direct = nil
    }
  }

  private static func add(_ device: Device, to devices: inout [Device]) {
    if !devices.contains(where: { $0 === device }) { devices.append(device) }
  }

  /// The same volume by another name.
  public func named(_ name: ByteString) -> Volume {
    Volume(
      name: name, checked: segments, byteCount: byteCount, sectorByteCount: sectorByteCount,
      isAssembled: isAssembled)
  }

  /// Sizes and sector sizes of its devices, for a `ReadPlan`.
  var geometries: [ReadPlan.DeviceGeometry] {
    devices.map {
      ReadPlan.DeviceGeometry(byteCount: $0.byteCount, sectorByteCount: $0.sectorByteCount)
    }
  }

  /// Where the volume starts on its device; nil unless it is one run on one device.
  public var byteOffsetOnDevice: UInt64? { direct?.byteOffset }

  /// What a range is made of, as segments for another volume; nil unless all of it is inside.
  public func segments(at byteOffset: UInt64, count: UInt64) -> [VolumeSegment<Device>]? {
    guard byteOffset <= byteCount, count <= byteCount - byteOffset else { return nil }
    var result: [VolumeSegment<Device>] = []
    var position = byteOffset
    var rest = count
    var index = indexOfSegment(at: byteOffset)
    while rest > 0, index < segments.count {
      let segment = segments[index]
      let skipped = position - segment.start
      let part = min(rest, segment.byteCount - skipped)
      if part > 0 { result.append(segment.part(at: skipped, count: part)) }
      position += part
      rest -= part
      index += 1
    }
    return result
  }

  /// The last segment that starts at or before a byte; 0 if there is none.
  private func indexOfSegment(at byteOffset: UInt64) -> Int {
    var low = 0
    var high = segments.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if segments[middle].start <= byteOffset { low = middle } else { high = middle }
    }
    return low
  }

  /// Where a range is, down to devices, in order. Throws `BlockError.outOfRange` unless all of the
  /// range is in the volume.
  public func pieces(
    at byteOffset: UInt64, byteCount count: UInt64
  ) throws(BlockError) -> [VolumePiece<Device>] {
    guard byteOffset <= byteCount, count <= byteCount - byteOffset else {
      throw .outOfRange(byteOffset: byteOffset, byteCount: count, deviceByteCount: byteCount)
    }
    var result: [VolumePiece<Device>] = []
    appendPieces(at: byteOffset, byteCount: count, to: &result)
    return result
  }

  /// The same for a range that is inside.
  func appendPieces(
    at byteOffset: UInt64, byteCount: UInt64, to pieces: inout [VolumePiece<Device>]
  ) {
    var position = byteOffset
    var rest = byteCount
    var index = indexOfSegment(at: byteOffset)
    while rest > 0, index < segments.count {
      let segment = segments[index]
      let skipped = position - segment.start
      let count = min(rest, segment.byteCount - skipped)
      let offset = segment.sourceByteOffset + skipped  // Inside the source.
      switch segment.source {
      case .device(let device):
        pieces.append(.device(device, byteOffset: offset, byteCount: count))
      case .zeros: pieces.append(.zeros(byteCount: count))
      case .inline(let bytes): pieces.append(.inline(bytes[Int(offset)..<Int(offset + count)]))
      case .striped(let set): set.appendPieces(at: offset, byteCount: count, to: &pieces)
      }
      position += count
      rest -= count
      index += 1
    }
  }

  /// Reads exactly `byteCount` bytes at `offset` of this volume, or throws.
  public func read(at offset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try bytes(at: offset, count: count, readAgain: false)
  }

  /// Reads exactly `count` bytes at `offset` from the disks themselves, past every cache.
  public func readAgain(at offset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try bytes(at: offset, count: count, readAgain: true)
  }

  func bytes(
    at offset: UInt64, count: Int, readAgain: Bool
  ) throws(BlockError) -> [UInt8] {
    try check(offset, count)
    try work.pay(.lookups)
    try work.pay(.copiedBytes, count)
    try work.payMemory(byteCount: count)
    if let direct {
      return try Self.read(direct.device, direct.byteOffset + offset, count, readAgain)
    }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    for piece in try pieces(at: offset, byteCount: UInt64(count)) {
      try work.pay(.lookups)
      switch piece {
      case .device(let device, let byteOffset, let byteCount):
        result += try Self.read(device, byteOffset, Int(byteCount), readAgain)
      case .zeros(let byteCount): result += [UInt8](repeating: 0, count: Int(byteCount))
      case .inline(let bytes): result += bytes
      case .computed(let range): result += try range.bytes(readAgain: readAgain)
      }
    }
    return result
  }

  private static func read(
    _ device: Device, _ byteOffset: UInt64, _ count: Int, _ readAgain: Bool
  ) throws(BlockError) -> [UInt8] {
    readAgain
      ? try device.readAgain(at: byteOffset, count: count)
      : try device.read(at: byteOffset, count: count)
  }

  /// Whether `write` can succeed: on a disk or a partition of one that may be written.
  public var isWritable: Bool {
    guard let direct, !isAssembled else { return false }
    return direct.device.isWritable
  }

  /// Puts bytes at `offset`. Where they do not fill sectors, the rest of these is read and written
  /// again as it is; none of it leaves the volume. Throws `BlockError.readOnly` unless
  /// `isWritable`.
  public func write(_ bytes: [UInt8], at offset: UInt64) throws(BlockError) {
    try check(offset, bytes.count)
    guard let direct, isWritable else { throw .readOnly }
    let sector = UInt64(direct.device.sectorByteCount)
    let byteOffset = direct.byteOffset
    let start = byteOffset + offset
    let end = start + UInt64(bytes.count)
    let first = start - start % sector
    guard let last = Checked.roundedUp(end, toMultipleOf: sector), first >= byteOffset,
      last - byteOffset <= byteCount
    else { throw .outOfRange(byteOffset: offset, byteCount: 1, deviceByteCount: byteCount) }
    var whole = try direct.device.readAgain(at: first, count: Int(last - first))
    guard whole.count == Int(last - first) else {
      throw .protocolViolation("a read of another length")
    }
    let skipped = Int(start - first)
    whole.replaceSubrange(skipped..<skipped + bytes.count, with: bytes)
    try direct.device.write(whole, at: first)
  }

  private func check(_ offset: UInt64, _ count: Int) throws(BlockError) {
    guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
      throw .outOfRange(
        byteOffset: offset, byteCount: UInt64(max(0, count)), deviceByteCount: byteCount)
    }
  }
}
