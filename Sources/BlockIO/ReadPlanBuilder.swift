// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Lays the extents of a file over page frames, one after the other.
struct ReadPlanBuilder {
  private static let frameByteCount: UInt64 = 4096

  private let device: ReadPlan.DeviceGeometry
  private let target: ReadPlan.Target

  private(set) var pieces: [ReadPlan.Piece] = []
  private(set) var copies: [ReadPlan.Copy] = []
  private(set) var reads: [ReadPlan.Piece] = []
  private(set) var unpackings: [ReadPlan.Unpacking] = []
  private(set) var zeros: [ReadPlan.Zeros] = []

  /// Where the next byte of the file goes: a range of the target and a byte in it.
  private var rangeIndex = 0
  private var byteInRange: UInt64 = 0
  /// All bytes laid so far.
  private var position: UInt64 = 0

  init(device: ReadPlan.DeviceGeometry, target: ReadPlan.Target) {
    precondition([512, 2048, 4096].contains(device.sectorByteCount), "sector size of a device")
    self.device = device
    self.target = target
    byteInRange = target.byteOffset
  }

  private var sector: UInt64 { UInt64(device.sectorByteCount) }

  /// Adds a run of the device, which was checked to lie inside it.
  mutating func addRun(
    _ deviceByteOffset: UInt64, _ byteCount: UInt64, isLast: Bool
  ) throws(BlockError) {
    var start = deviceByteOffset
    var rest = byteCount
    while rest > 0 {
      let spot = try nextSpot()
      let count = min(rest, spot.byteCount)
      let isAligned = start % sector == 0 && UInt64(spot.place.byteOffset) % sector == 0
      var direct = isAligned ? count - count % sector : 0
      if isAligned, isLast, count == rest, direct < count, hasRoomToOverread(start, count, spot) {
        direct = count
        add(
          start, spot.place, Checked.roundedUp(count, toMultipleOf: sector) ?? count, to: &pieces)
      } else if direct > 0 {
        add(start, spot.place, direct, to: &pieces)
      }
      if direct < count {
        // An unaligned head is read alone if that aligns what follows.
        let part = direct == 0 ? unalignedCount(start, spot.place, count) : count - direct
        let place = advanced(spot.place, by: direct)
        add(start + direct, place, part, to: &reads)
        direct += part
      }
      advance(direct)
      start += direct
      rest -= direct
    }
  }

  /// How much of a run to read through a buffer: up to where device and frame are both aligned, or
  /// all of it if they never are.
  private func unalignedCount(
    _ start: UInt64, _ place: ReadPlan.Place, _ count: UInt64
  ) -> UInt64 {
    let head = (sector - start % sector) % sector
    guard head > 0, head < count, (UInt64(place.byteOffset) + head) % sector == 0 else {
      return count
    }
    return head
  }

  /// Whether the last sector may be read whole: what is behind the file becomes zeros anyway, the
  /// frames have the room, and the device has the bytes.
  private func hasRoomToOverread(
    _ start: UInt64, _ count: UInt64, _ spot: (place: ReadPlan.Place, byteCount: UInt64)
  ) -> Bool {
    guard let whole = Checked.roundedUp(count, toMultipleOf: sector),
      let end = Checked.sum(start, whole), end <= device.byteCount, whole <= spot.byteCount
    else { return false }
    let behind = advanced(spot.place, by: count)
    return whole - count <= tailByteCount(from: behind)
  }

  /// The bytes behind the file that become zeros, when it ends at `place`.
  private func tailByteCount(from place: ReadPlan.Place) -> UInt64 {
    if let count = target.zeroedTailByteCount { return count }
    let used = UInt64(place.byteOffset)
    return used == 0 ? 0 : Self.frameByteCount - used
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
  mutating func addInline(_ bytes: [UInt8]) throws(BlockError) {
    var rest = bytes[...]
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

  /// Zeros the tail behind the file.
  mutating func finish() throws(BlockError) {
    guard position > 0 else { return }
    let inFrame = Int(byteInRange % Self.frameByteCount)
    try addZeros(tailByteCount(from: ReadPlan.Place(frame: 0, byteOffset: inFrame)))
  }

  /// Where the next byte goes, and how many fit there in a row.
  private mutating func nextSpot() throws(BlockError) -> (place: ReadPlan.Place, byteCount: UInt64)
  {
    while rangeIndex < target.frames.count {
      let range = target.frames[rangeIndex]
      let size = Checked.product(range.count, Self.frameByteCount) ?? UInt64.max
      if byteInRange < size {
        let place = ReadPlan.Place(
          frame: range.start + byteInRange / Self.frameByteCount,
          byteOffset: Int(byteInRange % Self.frameByteCount))
        return (place, size - byteInRange)
      }
      byteInRange -= size
      rangeIndex += 1
    }
    let room = target.frames.reduce(0) { $0 &+ $1.count &* Self.frameByteCount }
    throw .outOfRange(byteOffset: position, byteCount: 1, deviceByteCount: room)
  }

  private mutating func advance(_ byteCount: UInt64) {
    byteInRange += byteCount
    position += byteCount
  }

  private func advanced(_ place: ReadPlan.Place, by byteCount: UInt64) -> ReadPlan.Place {
    let offset = UInt64(place.byteOffset) + byteCount
    return ReadPlan.Place(
      frame: place.frame + offset / Self.frameByteCount,
      byteOffset: Int(offset % Self.frameByteCount))
  }

  /// Adds a piece, or lengthens the last one that it continues on the device and in the frames.
  private func add(
    _ start: UInt64, _ place: ReadPlan.Place, _ count: UInt64, to list: inout [ReadPlan.Piece]
  ) {
    if let last = list.last, last.deviceByteOffset + last.byteCount == start,
      advanced(last.place, by: last.byteCount) == place
    {
      list[list.count - 1].byteCount += count
    } else {
      list.append(ReadPlan.Piece(deviceByteOffset: start, place: place, byteCount: count))
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
