// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Lays the extents of a file over page frames, one after the other.
struct ReadPlanBuilder {

  /// The bytes of a volume whose place is asked for at once: many pieces, where chunks are small.
  private static let portionByteCount: UInt64 = 16 << 20

  private let devices: [ReadPlan.DeviceGeometry]
  private let target: ReadPlan.Target

  private(set) var pieces: [ReadPlan.Piece] = []
  private(set) var copies: [ReadPlan.Copy] = []
  private(set) var reads: [ReadPlan.Read] = []
  private(set) var unpackings: [ReadPlan.Unpacking] = []
  private(set) var zeros: [ReadPlan.Zeros] = []

  /// Where the next byte of the file goes: a range of the target and a byte in it.
  private var rangeIndex = 0
  private var byteInRange: UInt64 = 0
  /// All bytes laid so far.
  private var position: UInt64 = 0

  /// A run of a device, and the same on the volume.
  private struct Run {
    var device: Int
    var deviceByteOffset: UInt64
    var volumeByteOffset: UInt64
    var byteCount: UInt64

    mutating func drop(_ count: UInt64) {
      deviceByteOffset += count
      volumeByteOffset += count
      byteCount -= count
    }
  }

  init(devices: [ReadPlan.DeviceGeometry], target: ReadPlan.Target) {
    for device in devices {
      precondition([512, 2048, 4096].contains(device.sectorByteCount), "sector size of a device")
    }
    self.devices = devices
    self.target = target
    byteInRange = target.byteOffset
  }

  /// Adds a run of `volume`.
  mutating func addRun<Device: BlockDevice>(
    _ byteOffset: UInt64, _ byteCount: UInt64, of volume: Volume<Device>, isLast: Bool
  ) throws(BlockError) {
    guard byteOffset <= volume.byteCount, byteCount <= volume.byteCount - byteOffset else {
      throw .outOfRange(
        byteOffset: byteOffset, byteCount: byteCount, deviceByteCount: volume.byteCount)
    }
    if let start = volume.byteOffsetOnDevice {
      return try add(
        Run(
          device: 0, deviceByteOffset: start + byteOffset, volumeByteOffset: byteOffset,
          byteCount: byteCount), isLast: isLast)
    }
    var position = byteOffset
    let end = byteOffset + byteCount
    while position < end {
      let portion = min(end - position, Self.portionByteCount)
      for piece in try volume.pieces(at: position, byteCount: portion) {
        try add(
          piece, of: volume, at: position, isLast: isLast && position + piece.byteCount == end)
        position += piece.byteCount
      }
    }
  }

  private mutating func add<Device: BlockDevice>(
    _ piece: VolumePiece<Device>, of volume: Volume<Device>, at position: UInt64, isLast: Bool
  ) throws(BlockError) {
    switch piece {
    case .device(let device, let byteOffset, let byteCount):
      guard let index = volume.devices.firstIndex(where: { $0 === device }) else {
        preconditionFailure("a volume knows all of its devices")
      }
      try add(
        Run(
          device: index, deviceByteOffset: byteOffset, volumeByteOffset: position,
          byteCount: byteCount), isLast: isLast)
    case .zeros(let byteCount): try addZeros(byteCount)
    case .inline(let bytes): try addInline(bytes)
    case .computed(let range): try addRead(position, UInt64(range.byteCount))
    }
  }

  /// Adds a run of a device, which was checked to lie inside it.
  private mutating func add(_ whole: Run, isLast: Bool) throws(BlockError) {
    var run = whole
    let sector = UInt64(devices[run.device].sectorByteCount)
    while run.byteCount > 0 {
      let spot = try nextSpot()
      let count = min(run.byteCount, spot.byteCount)
      let isAligned =
        run.deviceByteOffset % sector == 0 && UInt64(spot.place.byteOffset) % sector == 0
      var direct = isAligned ? count - count % sector : 0
      if isAligned, isLast, count == run.byteCount, direct < count, hasRoomToOverread(run, spot) {
        direct = count
        add(run, spot.place, Checked.roundedUp(count, toMultipleOf: sector) ?? count)
      } else if direct > 0 {
        add(run, spot.place, direct)
      }
      if direct < count {
        // An unaligned head is read alone if that aligns what follows.
        let part =
          direct == 0
          ? unalignedCount(run.deviceByteOffset, spot.place, count, sector) : count - direct
        add(run.volumeByteOffset + direct, advanced(spot.place, by: direct), part)
        direct += part
      }
      advance(direct)
      run.drop(direct)
    }
  }

  /// Adds a run of the volume that can't be read directly.
  private mutating func addRead(_ volumeByteOffset: UInt64, _ byteCount: UInt64) throws(BlockError)
  {
    var start = volumeByteOffset
    var rest = byteCount
    while rest > 0 {
      let spot = try nextSpot()
      let count = min(rest, spot.byteCount)
      add(start, spot.place, count)
      advance(count)
      start += count
      rest -= count
    }
  }

  /// How much of a run to read through a buffer: up to where device and frame are both aligned, or
  /// all of it if they never are.
  private func unalignedCount(
    _ start: UInt64, _ place: ReadPlan.Place, _ count: UInt64, _ sector: UInt64
  ) -> UInt64 {
    let head = (sector - start % sector) % sector
    guard head > 0, head < count, (UInt64(place.byteOffset) + head) % sector == 0 else {
      return count
    }
    return head
  }

  /// Whether the last sector may be read whole: what is after the file becomes zeros anyway, the
  /// frames have the room, and the device has the bytes.
  private func hasRoomToOverread(
    _ run: Run, _ spot: (place: ReadPlan.Place, byteCount: UInt64)
  ) -> Bool {
    let device = devices[run.device]
    let sector = UInt64(device.sectorByteCount)
    guard let whole = Checked.roundedUp(run.byteCount, toMultipleOf: sector),
      let end = Checked.sum(run.deviceByteOffset, whole), end <= device.byteCount,
      whole <= spot.byteCount
    else { return false }
    let behind = advanced(spot.place, by: run.byteCount)
    return whole - run.byteCount <= tailByteCount(from: behind)
  }

  /// The bytes after the file that become zeros, when it ends at `place`.
  private func tailByteCount(from place: ReadPlan.Place) -> UInt64 {
    if let count = target.zeroedTailByteCount { return count }
    let used = UInt64(place.byteOffset)
    return used == 0 ? 0 : Page.byteCount - used
  }

  /// Adds zeros.
  mutating func addZeros(_ byteCount: UInt64) throws(BlockError) {
    var rest = byteCount
    while rest > 0 {
      let spot = try nextSpot()
      let count = min(rest, spot.byteCount)
      addZeros(spot.place, count)
      advance(count)
      rest -= count
    }
  }

  /// Adds bytes of metadata.
  mutating func addInline(_ bytes: ArraySlice<UInt8>) throws(BlockError) {
    var rest = bytes
    while !rest.isEmpty {
      let spot = try nextSpot()
      let count = Int(min(UInt64(rest.count), spot.byteCount))
      copies.append(ReadPlan.Copy(bytes: Array(rest.prefix(count)), place: spot.place))
      advance(UInt64(count))
      rest = rest.dropFirst(count)
    }
  }

  /// Adds a piece that must be unpacked.
  mutating func addEncoded(_ piece: EncodedExtent) throws(BlockError) {
    var rest: Extent? = .encoded(piece)
    while let extent = rest, extent.byteCount > 0 {
      let spot = try nextSpot()
      let (head, tail) = extent.split(at: spot.byteCount)
      if case .encoded(let part) = head {
        unpackings.append(ReadPlan.Unpacking(extent: part, place: spot.place))
      }
      advance(head.byteCount)
      rest = tail
    }
  }

  /// Zeros the tail after the file.
  mutating func finish() throws(BlockError) {
    guard position > 0 else { return }
    let inFrame = Int(byteInRange % Page.byteCount)
    try addZeros(tailByteCount(from: ReadPlan.Place(frame: 0, byteOffset: inFrame)))
  }

  /// Where the next byte goes, and how many fit there in a row.
  private mutating func nextSpot() throws(BlockError) -> (place: ReadPlan.Place, byteCount: UInt64)
  {
    while rangeIndex < target.frames.count {
      let range = target.frames[rangeIndex]
      let size = Checked.product(range.frameCount, Page.byteCount) ?? UInt64.max
      if byteInRange < size {
        let place = ReadPlan.Place(
          frame: range.lowerBound + byteInRange / Page.byteCount,
          byteOffset: Int(byteInRange % Page.byteCount))
        return (place, size - byteInRange)
      }
      byteInRange -= size
      rangeIndex += 1
    }
    let room = target.frames.reduce(0) { $0 &+ $1.frameCount &* Page.byteCount }
    throw .outOfRange(byteOffset: position, byteCount: 1, deviceByteCount: room)
  }

  private mutating func advance(_ byteCount: UInt64) {
    byteInRange += byteCount
    position += byteCount
  }

  private func advanced(_ place: ReadPlan.Place, by byteCount: UInt64) -> ReadPlan.Place {
    let offset = UInt64(place.byteOffset) + byteCount
    return ReadPlan.Place(
      frame: place.frame + offset / Page.byteCount,
      byteOffset: Int(offset % Page.byteCount))
  }

  /// Adds a piece, or lengthens the last one that it continues on the device and in the frames.
  private mutating func add(_ run: Run, _ place: ReadPlan.Place, _ count: UInt64) {
    if let last = pieces.last, last.device == run.device,
      last.deviceByteOffset + last.byteCount == run.deviceByteOffset,
      advanced(last.place, by: last.byteCount) == place
    {
      pieces[pieces.count - 1].byteCount += count
    } else {
      pieces.append(
        ReadPlan.Piece(
          device: run.device, deviceByteOffset: run.deviceByteOffset, place: place,
          byteCount: count))
    }
  }

  /// The same for what is read through a buffer.
  private mutating func add(_ volumeByteOffset: UInt64, _ place: ReadPlan.Place, _ count: UInt64) {
    if let last = reads.last, last.volumeByteOffset + last.byteCount == volumeByteOffset,
      advanced(last.place, by: last.byteCount) == place
    {
      reads[reads.count - 1].byteCount += count
    } else {
      reads.append(
        ReadPlan.Read(volumeByteOffset: volumeByteOffset, place: place, byteCount: count))
    }
  }

  private mutating func addZeros(_ place: ReadPlan.Place, _ count: UInt64) {
    if let last = zeros.last, advanced(last.place, by: last.byteCount) == place {
      zeros[zeros.count - 1].byteCount += count
    } else {
      zeros.append(ReadPlan.Zeros(place: place, byteCount: count))
    }
  }
}
