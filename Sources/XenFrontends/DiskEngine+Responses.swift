// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CXen

extension DiskEngine {
  /// Takes all responses. One that answers no request of ours ends the connection.
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
      let byteCount = request.sectorCount * 512
      statistics.byteCount += byteCount
      switch request.owner {
      case .bounce: bounceCount -= 1
      case .plan(let position): tickets.complete(position..<position + byteCount)
      }
    } else {
      statistics.failureCount += 1
      if request.isBounce { retryBounce(request) } else { retry(request) }
    }
  }

  /// Cuts a failed request in two until one segment is left, so that the error can name the place,
  /// and retries that segment a few times. Then its ticket has failed.
  private func retry(_ request: DiskRequest) {
    let parts = tickets.wantedParts(of: request)
    guard parts.count == 1, parts[0].segments.count == request.segments.count else {
      waiting += parts.reversed()
      return
    }
    guard request.segments.count == 1 else {
      let (first, second) = request.halves
      waiting.append(second)
      waiting.append(first)
      return
    }
    var again = request
    again.failureCount += 1
    waiting.append(again)
    if again.failureCount >= DiskLimit.failures {
      failTicket(of: again, .readFailed(sector: again.sector))
    }
  }

  /// Fails the ticket that the first byte of `request` belongs to, and gives up the rest of it.
  func failTicket(of request: DiskRequest, _ error: BlockError) {
    guard let position = request.bytes?.lowerBound,
      let index = tickets.index(ofByteAt: position)
    else { return }
    fail(at: index, error)
  }

  /// The same for a request of the blocking read or write, which throws the error itself.
  private func retryBounce(_ request: DiskRequest) {
    if request.operation == .flush {
      bounceFailure = .writeFailed(sector: request.sector)
      bounceCount -= 1
      return
    }
    guard request.segments.count == 1 else {
      let (first, second) = request.halves
      bounceCount += 1
      urgent.append(first)
      urgent.append(second)
      return
    }
    var again = request
    again.failureCount += 1
    guard again.failureCount >= DiskLimit.failures else { return urgent.append(again) }
    let isRead = request.operation == .read
    bounceFailure =
      isRead ? .readFailed(sector: request.sector) : .writeFailed(sector: request.sector)
    bounceCount -= 1 + urgent.count
    urgent = []
  }
}
