// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO

/// One plan that was submitted to one connection of a disk.
public struct DiskTicket: Equatable, Sendable {
  /// The number of the connection.
  let connection: UInt64
  /// The plan's bytes, numbered with all others that were submitted since the disk was connected.
  let bytes: Range<UInt64>
}

/// The state of a ticket.
public enum DiskReadState: Equatable {
  /// Some of its bytes are still to come, or the backend still holds some of its frames.
  case pending
  /// All of its bytes are there.
  case complete
  /// At least one of its bytes will not come.
  case failed(BlockError)
}

/// The incomplete tickets of one connection, in order of submission.
///
/// A ticket is removed as soon as it is complete. A failed one stays until it is forgotten, because
/// a ticket that is not listed counts as complete.
struct DiskTickets {
  /// A ticket with bytes to come, or one that failed.
  struct Entry {
    let bytes: Range<UInt64>
    /// Bytes that are not there yet.
    var missingByteCount: UInt64
    var failure: BlockError?
    /// After a failure: the bytes that were there without a gap.
    var completedByteCount: UInt64 = 0
  }

  private(set) var entries: [Entry] = []

  /// How many of them have failed; almost always 0.
  private(set) var failedCount = 0

  mutating func add(_ bytes: Range<UInt64>) {
    guard !bytes.isEmpty else { return }
    entries.append(Entry(bytes: bytes, missingByteCount: bytes.upperBound - bytes.lowerBound))
  }

  /// The entry of a ticket; nil if it is complete.
  func index(of bytes: Range<UInt64>) -> Int? { entries.firstIndex { $0.bytes == bytes } }

  /// The entry that the byte at `position` belongs to.
  func index(ofByteAt position: UInt64) -> Int? {
    entries.firstIndex { $0.bytes.contains(position) }
  }

  /// Notes that `bytes` are there, which may belong to several tickets.
  mutating func complete(_ bytes: Range<UInt64>) {
    var isAnyComplete = false
    for index in entries.indices {
      let own = entries[index].bytes
      if own.lowerBound >= bytes.upperBound { break }
      guard own.upperBound > bytes.lowerBound, entries[index].failure == nil else { continue }
      let part = own.clamped(to: bytes)
      entries[index].missingByteCount -= part.upperBound - part.lowerBound
      if entries[index].missingByteCount == 0 { isAnyComplete = true }
    }
    if isAnyComplete { entries.removeAll { $0.failure == nil && $0.missingByteCount == 0 } }
  }

  mutating func fail(at index: Int, _ error: BlockError, completedByteCount: UInt64) {
    guard entries[index].failure == nil else { return }
    entries[index].failure = error
    entries[index].completedByteCount = completedByteCount
    failedCount += 1
  }

  mutating func remove(at index: Int) {
    if entries[index].failure != nil { failedCount -= 1 }
    entries.remove(at: index)
  }

  /// The parts of a request that are still wanted: those of tickets that have not failed.
  func wantedParts(of request: DiskRequest) -> [DiskRequest] {
    guard failedCount > 0 else { return [request] }
    var parts = [request]
    for entry in entries where entry.failure != nil {
      parts = parts.flatMap { $0.parts(outside: entry.bytes) }
    }
    return parts
  }
}
