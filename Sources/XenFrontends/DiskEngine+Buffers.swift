// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CXen

extension DiskEngine {
  /// Reads any bytes of the device through our own pages, and sleeps until they are there.
  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    if let death { throw death }
    guard count >= 0, let end = Checked.sum(byteOffset, UInt64(count)), end <= geometry.byteCount
    else {
      throw .outOfRange(
        byteOffset: byteOffset, byteCount: UInt64(max(0, count)),
        deviceByteCount: geometry.byteCount)
    }
    let pages = try bouncePages()
    let sector = UInt64(geometry.sectorByteCount)
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var position = byteOffset
    while position < end {
      let start = position - position % sector
      // The device has a whole number of sectors, so rounding up stays inside it.
      let wanted = Checked.roundedUp(end - start, toMultipleOf: sector) ?? end - start
      let byteCount = min(wanted, UInt64(pages.memory.byteCount))
      try transfer(.read, sector: start / 512, byteCount: byteCount, in: pages)
      let skipped = Int(position - start)
      let taken = min(Int(byteCount) - skipped, Int(end - position))
      pages.memory.append(at: skipped, count: taken, to: &result)
      statistics.copiedByteCount += UInt64(taken)
      position += UInt64(taken)
    }
    return result
  }

  /// Writes whole sectors through our own pages, and sleeps until they are on the disk. Flushes the
  /// backend's cache too, if it supports that.
  func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {
    if let death { throw death }
    let sector = UInt64(geometry.sectorByteCount)
    guard let end = Checked.sum(byteOffset, UInt64(bytes.count)), end <= geometry.byteCount else {
      throw .outOfRange(
        byteOffset: byteOffset, byteCount: UInt64(bytes.count),
        deviceByteCount: geometry.byteCount)
    }
    precondition((byteOffset | UInt64(bytes.count)) % sector == 0, "a write of a part of a sector")
    let pages = try bouncePages()
    var done = 0
    while done < bytes.count {
      let count = min(bytes.count - done, pages.memory.byteCount)
      pages.memory.copy(bytes[done..<done + count], to: 0)
      try transfer(
        .write, sector: (byteOffset + UInt64(done)) / 512, byteCount: UInt64(count), in: pages)
      done += count
    }
    guard canFlush else { return }
    urgent.append(
      DiskRequest(owner: .bounce, sector: byteOffset / 512, segments: [], operation: .flush))
    bounceCount += 1
    try finishBounce()
  }

  private func transfer(
    _ operation: DiskRequest.Operation, sector: UInt64, byteCount: UInt64, in pages: GrantedPages
  ) throws(BlockError) {
    var request = DiskRequest(
      owner: .bounce, sector: sector, segments: [], operation: operation)
    var rest = byteCount
    var page = 0
    while rest > 0 {
      let part = min(rest, 4096)
      request.segments.append(
        DiskSegment(
          frame: pages.pages.frames[page], firstSector: 0, lastSector: UInt8(part / 512 - 1),
          reference: pages.references[page]))
      page += 1
      rest -= part
      if rest == 0 || request.segments.count == Int(BLKIF_MAX_SEGMENTS_PER_REQUEST) {
        urgent.append(request)
        bounceCount += 1
        request.sector += request.sectorCount
        request.segments = []
      }
    }
    try finishBounce()
  }

  private func finishBounce() throws(BlockError) {
    while true {
      try turn()
      if bounceCount == 0 { break }
      wait(until: hypervisor.now + DiskLimit.silence)
    }
    if let failure = bounceFailure {
      bounceFailure = nil
      throw failure
    }
  }

  private func bouncePages() throws(BlockError) -> GrantedPages {
    if let bounce { return bounce }
    do throws(GrantError) {
      let pages = try makePages(upTo: DiskLimit.bouncePages)
      bounce = pages
      return pages
    } catch {
      throw .outOfResources(error.message)
    }
  }

  /// Gets the pages for indirect requests, once. Without memory for them requests stay small.
  func prepareIndirectPages() {
    guard hasIndirect, indirect == nil else { return }
    do throws(GrantError) {
      let pages = try makePages(upTo: min(DiskLimit.indirectPages, Int(ring.entryCount)))
      freeIndirectPages = Array(0..<pages.references.count)
      indirect = pages
    } catch {
      hasIndirect = false
    }
  }

  /// Gets `countMax` pages, or half of that, or a quarter, down to one.
  private func makePages(upTo countMax: Int) throws(GrantError) -> GrantedPages {
    var count = countMax
    while count > 1 {
      do throws(GrantError) {
        return try GrantedPages(count: count, for: domain, hypervisor: hypervisor, grants: grants)
      } catch {
        count /= 2
      }
    }
    return try GrantedPages(count: 1, for: domain, hypervisor: hypervisor, grants: grants)
  }

  /// Ends every grant; call it when the backend has let go of the ring. Returns the grants that it
  /// still holds.
  func endAllGrants() -> [UInt32] {
    for number in slots.indices {
      guard let request = slots[number].request else { continue }
      slots[number].request = nil
      if !request.isBounce {
        for segment in request.segments { lingering.append(segment.reference) }
      }
    }
    inFlightCount = 0
    endLingering()
    var held = lingering
    lingering = []
    if let bounce { held += bounce.release(hypervisor, grants) }
    if let indirect { held += indirect.release(hypervisor, grants) }
    bounce = nil
    indirect = nil
    freeIndirectPages = []
    return held
  }
}
