// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CXen

extension DiskEngine {
  /// Takes all responses. The backend's word counts only where it answers a request of ours.
  func takeResponses() throws(BlockError) {
    endLingering()
    let count = ring.responseCount
    guard count <= UInt32(inFlightCount) else {
      throw die(.protocolViolation("\(count) answers to \(inFlightCount) requests"))
    }
    for _ in 0..<count {
      let response = ring.takeResponse()
      try finish(id: response.id, status: response.status)
    }
    if count > 0 { lastProgress = hypervisor.now }
  }

  private func finish(id: UInt64, status: Int16) throws(BlockError) {
    let number = Int(id & 0xffff)
    guard number < slots.count, let request = slots[number].request, slots[number].id == id else {
      let isSecond = number < slots.count && slots[number].id == id
      throw die(
        .protocolViolation(
          isSecond ? "request \(hex: id) is answered twice" : "an answer to request \(hex: id)"))
    }
    slots[number].request = nil
    if let page = slots[number].indirectPage {
      slots[number].indirectPage = nil
      freeIndirectPages.append(page)
    }
    freeSlots.append(number)
    inFlightCount -= 1
    if !request.isBounce {
      for segment in request.segments { endGrant(segment.reference) }
    }
    if status == Int16(BLKIF_RSP_OKAY) {
      statistics.byteCount += request.sectorCount * 512
      if request.isBounce { bounceCount -= 1 }
    } else {
      statistics.failureCount += 1
      retry(request)
    }
  }

  /// Cuts a failed request in two until one segment is left, and repeats that a few times, so that
  /// the error can name the place.
  private func retry(_ request: DiskRequest) {
    if request.operation == .flush {
      bounceFailure = .writeFailed(sector: request.sector)
      bounceCount -= 1
      return
    }
    guard request.segments.count == 1 else {
      let (first, second) = request.halves
      if request.isBounce {
        bounceCount += 1
        urgent.append(first)
        urgent.append(second)
      } else if planFailure == nil {
        waiting.append(second)
        waiting.append(first)
      }
      return
    }
    var again = request
    again.failureCount += 1
    let isFinal = again.failureCount >= DiskLimit.failures
    switch (request.isBounce, isFinal) {
    case (true, false): urgent.append(again)
    case (false, false): if planFailure == nil { waiting.append(again) }
    case (true, true):
      let isRead = request.operation == .read
      bounceFailure =
        isRead ? .readFailed(sector: request.sector) : .writeFailed(sector: request.sector)
      bounceCount -= 1 + urgent.count
      urgent = []
    case (false, true):
      planFailure = .readFailed(sector: request.sector)
      cancel()
    }
  }
}
