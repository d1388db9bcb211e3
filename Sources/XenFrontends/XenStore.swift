// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CXen

/// A client of xenstore over the domain's ring page (`xen/io/xs_wire.h`).
///
/// Paths that do not start with a slash belong to this domain. One request at a time; events of
/// watches are kept whenever they come. Every request has a time limit.
public final class XenStore<H: Hypervisor> {
  /// The event channel to the store, for a caller that sleeps on several ports.
  public let port: UInt32

  /// How long one request may take, in nanoseconds.
  public var timeLimit: UInt64 = 8_000_000_000

  let hypervisor: H
  let requests: ByteRing
  let responses: ByteRing

  /// Bytes of requests that are waiting for room in the ring.
  var outgoing: [UInt8] = []
  /// Bytes of the message that is coming in.
  var incoming: [UInt8] = []
  /// Requests that were given up; their answers may still come.
  var abandoned: [UInt32] = []
  /// Why the connection can't be used any more; nil while it can.
  var failure: XenStoreError?
  var watches: [XenStoreWatch] = []
  var events: [XenStoreWatch] = []
  /// Whether events had to be dropped, so that every waiter must look again.
  var hasLostEvents = false
  private var nextRequestID: UInt32

  /// The store whose ring is the page at `page`, with `port` to notify it. The page may have been
  /// used before: its indexes are taken as they are.
  public init(page: UnsafeMutableRawPointer, port: UInt32, hypervisor: H) {
    let memory = SharedMemory(page, byteCount: 4096)
    self.port = port
    self.hypervisor = hypervisor
    requests = ByteRing(
      memory, dataOffset: XENSTORE_REQUEST_OFFSET, size: Int(XENSTORE_RING_SIZE),
      consumerOffset: XENSTORE_REQUEST_CONSUMER_OFFSET,
      producerOffset: XENSTORE_REQUEST_PRODUCER_OFFSET)
    responses = ByteRing(
      memory, dataOffset: XENSTORE_RESPONSE_OFFSET, size: Int(XENSTORE_RING_SIZE),
      consumerOffset: XENSTORE_RESPONSE_CONSUMER_OFFSET,
      producerOffset: XENSTORE_RESPONSE_PRODUCER_OFFSET)
    // A late answer to an earlier user of the ring must not be taken for one to us.
    nextRequestID = UInt32(truncatingIfNeeded: hypervisor.now) | 0x1000_0000
  }

  /// The value of the node at `path`.
  public func read(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) -> ByteString {
    ByteString(try request(.read, path, terminated(path), in: transaction))
  }

  /// The value of the node at `path`, or nil if there is no such node.
  public func readIfPresent(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) -> ByteString? {
    do throws(XenStoreError) {
      return try read(path, in: transaction)
    } catch {
      if error.isNotFound { return nil }
      throw error
    }
  }

  /// Sets the value of the node at `path`, creating the node if necessary.
  public func write(
    _ path: ByteString, _ value: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) {
    _ = try request(.write, path, terminated(path) + value.bytes, in: transaction)
  }

  /// Creates an empty node, unless it exists.
  public func makeDirectory(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) {
    _ = try request(.makeDirectory, path, terminated(path), in: transaction)
  }

  /// Removes the node at `path` and all below it.
  public func remove(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) {
    _ = try request(.remove, path, terminated(path), in: transaction)
  }

  /// Removes the node at `path` and all below it; no error if it is not there.
  public func removeIfPresent(
    _ path: ByteString, in transaction: XenStoreTransaction = .none
  ) throws(XenStoreError) {
    do throws(XenStoreError) {
      try remove(path, in: transaction)
    } catch {
      if !error.isNotFound { throw error }
    }
  }

  /// Runs `body` as one transaction, and again, up to 32 times in all, if other writers interfered.
  /// Nothing is changed if `body` throws.
  public func transaction<Result>(
    _ body: (XenStoreTransaction) throws(XenStoreError) -> Result
  ) throws(XenStoreError) -> Result {
    for _ in 0..<XenStoreLimit.transactionAttempts {
      let answer = ByteString(try request(.transactionStart, "", [0], in: .none))
      let digits = ByteString(answer.bytes.prefix { $0 != 0 })
      guard let number = Numbers.decimal(digits), let id = UInt32(exactly: number), id != 0 else {
        throw fail("a transaction has the number '\(digits)'")
      }
      let transaction = XenStoreTransaction(id: id)
      let result: Result
      do throws(XenStoreError) {
        result = try body(transaction)
      } catch {
        if failure == nil { try? end(transaction, commits: false) }
        throw error
      }
      do throws(XenStoreError) {
        try end(transaction, commits: true)
        return result
      } catch {
        if !error.hasName("EAGAIN") { throw error }
      }
    }
    throw .conflict(attemptCount: XenStoreLimit.transactionAttempts)
  }

  private func end(
    _ transaction: XenStoreTransaction, commits: Bool
  ) throws(XenStoreError) {
    _ = try request(.transactionEnd, "", [commits ? 0x54 : 0x46, 0], in: transaction)
  }

  func terminated(_ path: ByteString) -> [UInt8] { path.bytes + [0] }

  /// Sends a request and waits for its answer.
  func request(
    _ operation: XenStoreOperation, _ path: ByteString, _ payload: [UInt8],
    in transaction: XenStoreTransaction
  ) throws(XenStoreError) -> [UInt8] {
    let id = try send(operation, path, payload, in: transaction)
    let deadline = hypervisor.now + timeLimit
    while true {
      hypervisor.clearPending(port: port)
      try flush()
      if let answer = try receive(awaiting: [id]) {
        return try check(answer, operation, path)
      }
      guard hypervisor.now < deadline else {
        abandon(id)
        throw .timedOut(operation: operation.name, path: path)
      }
      hypervisor.poll(ports: [port], until: deadline)
    }
  }

  /// Queues a request behind those that wait for room in the ring, and returns its number.
  func send(
    _ operation: XenStoreOperation, _ path: ByteString, _ payload: [UInt8],
    in transaction: XenStoreTransaction
  ) throws(XenStoreError) -> UInt32 {
    if let failure { throw failure }
    guard payload.count <= Int(XENSTORE_PAYLOAD_MAX) else {
      throw .tooLong(path: path, byteCount: payload.count)
    }
    guard outgoing.count <= XenStoreLimit.outgoingByteCount else {
      throw .timedOut(operation: operation.name, path: path)
    }
    let id = makeRequestID()
    let header = XenStoreHeader(
      type: operation.type, requestID: id, transactionID: transaction.id,
      byteCount: UInt32(payload.count))
    outgoing += header.bytes
    outgoing += payload
    return id
  }

  /// Remembers that nobody waits for the answer to `id` any more.
  func abandon(_ id: UInt32) {
    if abandoned.count >= XenStoreLimit.abandonedCount { abandoned.removeFirst() }
    abandoned.append(id)
  }

  @discardableResult
  func check(
    _ answer: XenStoreMessage, _ operation: XenStoreOperation, _ path: ByteString
  ) throws(XenStoreError) -> [UInt8] {
    if answer.header.type == operation.type { return answer.payload }
    guard answer.header.type == XS_ERROR.rawValue else {
      throw fail("an answer of type \(answer.header.type) to \(operation.name)")
    }
    let name = ByteString(answer.payload.prefix { $0 != 0 })
    throw .refused(operation: operation.name, path: path, error: name)
  }

  private func makeRequestID() -> UInt32 {
    nextRequestID = nextRequestID &+ 1  // Any number but 0, which watch events have, will do.
    if nextRequestID == 0 { nextRequestID = 1 }
    return nextRequestID
  }

  /// Marks the connection as broken.
  func fail(_ what: ByteString) -> XenStoreError {
    let error = XenStoreError.protocolViolation(what)
    failure = error
    return error
  }
}

/// The limits of a client.
enum XenStoreLimit {
  static let transactionAttempts = 32
  static let outgoingByteCount = 16 * 1024
  static let abandonedCount = 32
  static let queuedEvents = 256
  /// Messages taken in one turn, so that a store that never stops sending can't hold us up.
  static let messagesATurn = 1024
  static let directoryAttempts = 16
  static let directoryByteCount = 1 << 20
  /// Parts of a directory: a whole one of that size has 260 or so.
  static let directoryPartCount = 1024
}

/// A transaction, or none.
public struct XenStoreTransaction: Sendable {
  /// No transaction: each request by itself.
  public static let none = XenStoreTransaction(id: 0)

  let id: UInt32
}
