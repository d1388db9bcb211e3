// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CXen

extension DiskEngine {
  /// Fills the ring, then notifies the backend once.
  func issue() {
    while ring.freeEntryCount > 0, !freeSlots.isEmpty {
      guard let request = nextRequest() else { break }
      do throws(GrantError) {
        try start(request)
      } catch {
        putBack(request, error)
        break
      }
    }
    statistics.depthMax = max(statistics.depthMax, inFlightCount)
    if ring.publish() {
      statistics.notifyCount += 1
      hypervisor.send(port: port)
    }
  }

  private func nextRequest() -> DiskRequest? {
    if !urgent.isEmpty { return urgent.removeFirst() }
    if let request = waiting.last {
      guard request.segments.count <= segmentCountMax else { return nil }
      guard request.segments.count <= grants.availableCount || inFlightCount == 0 else {
        return nil
      }
      return waiting.popLast()
    }
    let available = grants.availableCount
    // If no grant is free, wait for those in use. If none is in use either, start() will fail.
    let count = min(segmentCountMax, available > 0 || inFlightCount > 0 ? available : 1)
    return cursor.next(segmentCountMax: count)
  }

  /// The most segments that a request may have now; 0 if it has to wait for a list page.
  private var segmentCountMax: Int {
    guard hasIndirect, indirect != nil else { return Int(BLKIF_MAX_SEGMENTS_PER_REQUEST) }
    return freeIndirectPages.isEmpty ? 0 : geometry.indirectSegmentCount
  }

  /// A request that found no grants waits until others have ended. If there are no others, it is
  /// cut in two; a single segment that finds no grant fails its ticket.
  private func putBack(_ request: DiskRequest, _ error: GrantError) {
    if inFlightCount > 0 {
      waiting.append(request)
    } else if request.segments.count > 1 {
      let (first, second) = request.halves
      waiting.append(second)
      waiting.append(first)
    } else {
      waiting.append(request)
      failTicket(of: request, .outOfResources(error.message))
    }
  }

  private func start(_ unsent: DiskRequest) throws(GrantError) {
    var request = unsent
    if !request.isBounce { try grantSegments(of: &request) }
    guard let number = freeSlots.popLast() else { return }
    if inFlightCount == 0 { lastProgress = hypervisor.now }
    // The bits above the low 16 change each time, so that a second answer is recognised.
    slots[number].id = slots[number].id &+ 0x1_0000
    slots[number].order = orderCount
    orderCount += 1
    let id = slots[number].id
    if request.segments.count <= Int(BLKIF_MAX_SEGMENTS_PER_REQUEST) {
      ring.put(request, id: id, handle: handle)
    } else if let pages = indirect, let page = freeIndirectPages.popLast() {
      slots[number].indirectPage = page
      ring.putIndirectRead(
        id: id, sector: request.sector, segments: request.segments, handle: handle,
        list: pages.memory.slice(at: page * 4096, count: 4096), reference: pages.references[page])
      statistics.indirectRequestCount += 1
    } else {
      preconditionFailure("a request is larger than the backend takes")
    }
    slots[number].request = request
    inFlightCount += 1
    statistics.requestCount += 1
  }

  /// Grants every frame, or none.
  private func grantSegments(of request: inout DiskRequest) throws(GrantError) {
    for index in request.segments.indices {
      do throws(GrantError) {
        request.segments[index].reference = try grants.grant(
          frame: request.segments[index].frame, to: domain, readOnly: false)
      } catch {
        for segment in request.segments[..<index] { endGrant(segment.reference) }
        throw error
      }
    }
    statistics.grantCount += request.segments.count
  }

  func endGrant(_ reference: UInt32) {
    do throws(GrantError) {
      try grants.end(reference)
    } catch {
      lingering.append(reference)
    }
  }

  /// Tries again to end grants that were still held when their request was answered.
  func endLingering() {
    guard !lingering.isEmpty else { return }
    let held = lingering
    lingering = []
    for reference in held { endGrant(reference) }
  }
}
