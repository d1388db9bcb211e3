// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension DiskEngine {
  /// Adds the pieces of a plan behind those of earlier plans.
  func submit(_ pieces: [ReadPlan.Piece]) throws(BlockError) -> DiskTicket {
    if let death { throw death }
    let sector = UInt64(geometry.sectorByteCount)
    for piece in pieces {
      guard let end = Checked.sum(piece.deviceByteOffset, piece.byteCount),
        end <= geometry.byteCount
      else {
        throw .outOfRange(
          byteOffset: piece.deviceByteOffset, byteCount: piece.byteCount,
          deviceByteCount: geometry.byteCount)
      }
      let bits = piece.deviceByteOffset | piece.byteCount | UInt64(piece.place.byteOffset)
      precondition(bits % sector == 0, "a piece of a read plan is not aligned to sectors")
    }
    guard tickets.entries.count < DiskLimit.tickets else {
      throw .outOfResources("more than \(DiskLimit.tickets) reads from one disk")
    }
    if isDone { roundStart = cursor.end }
    prepareIndirectPages()
    let start = cursor.end
    cursor.append(pieces)
    tickets.add(start..<cursor.end)
    return DiskTicket(connection: connection, bytes: start..<cursor.end)
  }

  /// The state of a ticket. Tickets that are pending when the backend dies have failed.
  func state(of ticket: DiskTicket) -> DiskReadState {
    // Nothing was asked for.
    if ticket.bytes.isEmpty { return .complete }
    guard ticket.connection == connection else { return .failed(.disconnected) }
    guard let index = tickets.index(of: ticket.bytes) else { return .complete }
    let failure = tickets.entries[index].failure
    if let death { return .failed(failure ?? death) }
    guard let failure, !isInFlight(ticket.bytes) else { return .pending }
    return .failed(failure)
  }

  /// Whether the backend has a request for some of `bytes`.
  private func isInFlight(_ bytes: Range<UInt64>) -> Bool {
    for slot in slots {
      if let own = slot.request?.bytes, own.overlaps(bytes) { return true }
    }
    return false
  }

  /// Gives up the part of a ticket that was not sent.
  func cancel(_ ticket: DiskTicket) {
    guard ticket.connection == connection, let index = tickets.index(of: ticket.bytes) else {
      return
    }
    fail(at: index, .cancelled)
  }

  /// Gives up everything that was not sent.
  func cancel() {
    for index in tickets.entries.indices { fail(at: index, .cancelled) }
  }

  /// Forgets a failed ticket with nothing in flight.
  func forget(_ ticket: DiskTicket) {
    guard ticket.connection == connection, let index = tickets.index(of: ticket.bytes),
      case .failed = state(of: ticket)
    else { return }
    tickets.remove(at: index)
  }

  /// Fails a ticket and gives up the part of it that was not sent; other tickets go on.
  func fail(at index: Int, _ error: BlockError) {
    let entry = tickets.entries[index]
    guard entry.failure == nil else { return }
    let count = firstMissing(of: entry.bytes) - entry.bytes.lowerBound
    tickets.fail(at: index, error, completedByteCount: count)
    cursor.drop(entry.bytes)
    waiting = waiting.flatMap { $0.parts(outside: entry.bytes) }
  }

  /// The bytes from the start of a ticket that are there without a gap.
  func completedByteCount(of ticket: DiskTicket) -> UInt64 {
    guard ticket.connection == connection else { return 0 }
    guard let index = tickets.index(of: ticket.bytes) else {
      return ticket.bytes.upperBound - ticket.bytes.lowerBound
    }
    let entry = tickets.entries[index]
    guard entry.failure == nil else { return entry.completedByteCount }
    return firstMissing(of: ticket.bytes) - ticket.bytes.lowerBound
  }

  /// The bytes that are there without a gap, of everything submitted since the engine was last
  /// idle.
  var completedByteCount: UInt64 { firstMissing(of: roundStart..<cursor.end) - roundStart }

  /// The first missing byte of `bytes`, or their end.
  private func firstMissing(of bytes: Range<UInt64>) -> UInt64 {
    var result = min(bytes.upperBound, max(bytes.lowerBound, cursor.position))
    func note(_ request: DiskRequest?) {
      guard let own = request?.bytes, own.overlaps(bytes) else { return }
      result = min(result, max(own.lowerBound, bytes.lowerBound))
    }
    for slot in slots { note(slot.request) }
    for request in waiting { note(request) }
    return result
  }
}
