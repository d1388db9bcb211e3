// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CXen

extension XenStore {
  /// Moves as many outgoing bytes into the ring as fit.
  func flush() throws(XenStoreError) {
    guard !outgoing.isEmpty else { return }
    guard let count = requests.write(outgoing[...]) else {
      throw fail("impossible indexes in the request ring")
    }
    guard count > 0 else { return }
    outgoing.removeFirst(count)
    hypervisor.send(port: port)
  }

  /// Takes all messages out of the ring: keeps events, drops answers that nobody waits for, and
  /// returns the first answer to one of `ids`, if there is one.
  func receive(awaiting ids: [UInt32]) throws(XenStoreError) -> XenStoreMessage? {
    if let failure { throw failure }
    var answer: XenStoreMessage?
    for _ in 0..<XenStoreLimit.messagesATurn {
      guard answer == nil, let message = try nextMessage() else { break }
      if message.header.type == XS_WATCH_EVENT.rawValue {
        keep(message)
      } else if ids.contains(message.header.requestID) {
        answer = message
      } else {
        abandoned.removeAll { $0 == message.header.requestID }
      }
    }
    return answer
  }

  private func nextMessage() throws(XenStoreError) -> XenStoreMessage? {
    guard try fill(to: XenStoreHeader.byteCount), let header = XenStoreHeader(incoming) else {
      return nil
    }
    guard header.byteCount <= UInt32(XENSTORE_PAYLOAD_MAX) else {
      throw fail("a message of \(header.byteCount) bytes")
    }
    guard try fill(to: XenStoreHeader.byteCount + Int(header.byteCount)) else { return nil }
    let payload = Array(incoming.dropFirst(XenStoreHeader.byteCount))
    incoming = []
    return XenStoreMessage(header: header, payload: payload)
  }

  /// Reads until the incoming message has `byteCount` bytes; false if the ring is empty before
  /// that.
  private func fill(to byteCount: Int) throws(XenStoreError) -> Bool {
    while incoming.count < byteCount {
      guard let count = responses.read(byteCount - incoming.count, to: &incoming) else {
        throw fail("impossible indexes in the response ring")
      }
      guard count > 0 else { return false }
      // The store may be waiting for room.
      hypervisor.send(port: port)
    }
    return true
  }

  private func keep(_ message: XenStoreMessage) {
    let parts = ByteString(message.payload).split(on: 0)
    guard parts.count >= 2 else { return }
    let event = XenStoreWatch(path: parts[0], token: parts[1])
    // An event for a token that is not ours was meant for an earlier user of the ring.
    guard watches.contains(where: { $0.token == event.token }), !events.contains(event) else {
      return
    }
    if events.count < XenStoreLimit.queuedEvents {
      events.append(event)
    } else {
      hasLostEvents = true
    }
  }

  /// The names of the nodes below `path`, however many there are.
  public func directory(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) -> [ByteString] {
    let list: [UInt8]
    do throws(XenStoreError) {
      list = try request(.directory, path, terminated(path), in: transaction)
    } catch {
      guard error.hasName("E2BIG") else { throw error }
      list = try longDirectory(path, transaction)
    }
    return ByteString(list).split(on: 0).filter { !$0.isEmpty }
  }

  /// Reads a directory in parts. Each part has the directory's generation and some names; an empty
  /// name ends the last part.
  private func longDirectory(
    _ path: ByteString, _ transaction: XenStoreTransaction
  ) throws(XenStoreError) -> [UInt8] {
    var attemptCount = 0
    var generation: ByteString?
    var list: [UInt8] = []
    var partCount = 0
    while attemptCount < XenStoreLimit.directoryAttempts {
      partCount += 1
      let offset: ByteString = "\(list.count)"
      let part = try request(
        .directoryPart, path, terminated(path) + terminated(offset), in: transaction)
      let partGeneration = ByteString(part.prefix { $0 != 0 })
      let names = part.dropFirst(partGeneration.count + 1)
      if let generation, generation != partGeneration {
        attemptCount += 1
        partCount = 0
        list = []
      } else if names.isEmpty || names.elementsEqual([0]) || names.suffix(2).elementsEqual([0, 0]) {
        return list + names
      } else {
        guard list.count + names.count <= XenStoreLimit.directoryByteCount,
          partCount <= XenStoreLimit.directoryPartCount
        else {
          throw fail("the directory \(path) has no end")
        }
        list += names
      }
      generation = list.isEmpty ? nil : partGeneration
    }
    throw .unstable(path: path)
  }

  /// Leaves the ring quiet for its next user: everything sent, every answer read, nothing half
  /// done. Call it after the last watch has been removed.
  public func drain() throws(XenStoreError) {
    let deadline = hypervisor.now + timeLimit
    while true {
      hypervisor.clearPending(port: port)
      try flush()
      _ = try receive(awaiting: [])
      guard let used = requests.usedByteCount else {
        throw fail("impossible indexes in the request ring")
      }
      if outgoing.isEmpty, incoming.isEmpty, abandoned.isEmpty, used == 0,
        responses.usedByteCount == 0
      {
        events = []
        return
      }
      guard hypervisor.now < deadline else { throw .timedOut(operation: "drain", path: "") }
      hypervisor.poll(ports: [port], until: deadline)
    }
  }
}
