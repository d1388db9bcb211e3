// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen
import Foundation

import XenFrontends

/// Xenstored as one guest sees it: the real wire protocol on the ring page.
public final class FakeStore: FakePeer {
  /// The guest's directory.
  public static let home = "/local/domain/5"

  /// The hypervisor below.
  public let xen: FakeXen
  package let port: UInt32 = 1
  package let page: UnsafeMutableRawPointer

  /// The most bytes that move in one turn, each way.
  package var chunkByteCount = Int.max
  /// Transactions that will end in EAGAIN.
  package var conflictCount = 0
  /// Nobody reads or writes the ring.
  package var isDead = false
  /// The ring is read, but nothing is ever answered.
  package var isMute = false
  /// Sends an unexpected answer before each real one.
  package var sendsStaleAnswers = false
  /// Sends an event of a former user's watch before each answer.
  package var sendsStaleEvents = false
  /// Answers READ with this type.
  package var wrongType: UInt32?
  /// Announces this payload size with the next answer.
  package var hugeAnswer: UInt32?
  /// The directory's generation changes with every part.
  package var directoryChanges = false
  /// Each kind of request that came, by its number.
  package private(set) var requestCounts: [UInt32: Int] = [:]

  package private(set) var nodes: [String: [UInt8]] = [:]
  package private(set) var watches: [(path: String, relative: Bool, token: String)] = []
  private var listeners: [any FakePeer] = []
  private var transactions: [UInt32: [(path: String, value: [UInt8]?)]] = [:]
  private var nextTransaction: UInt32 = 7
  private var incoming: [UInt8] = []
  private var outgoing: [UInt8] = []
  private let requests: ByteRing
  private let responses: ByteRing
  private let memory: SharedMemory
  private var generation = 1

  package init(_ xen: FakeXen, startIndex: UInt32 = 0) {
    self.xen = xen
    page = xen.makePages(count: 1).address
    memory = SharedMemory(page, byteCount: 4096)
    for offset in [2048, 2052] { memory.store(u32: startIndex, at: offset) }
    for offset in [2056, 2060] { memory.store(u32: startIndex &+ 77, at: offset) }
    requests = ByteRing(
      memory, dataOffset: 0, size: 1024, consumerOffset: 2048, producerOffset: 2052)
    responses = ByteRing(
      memory, dataOffset: 1024, size: 1024, consumerOffset: 2056, producerOffset: 2060)
    xen.bind(port, self)
  }

  // MARK: Domain 0's side

  /// What a node holds; nil if there is none.
  public func value(_ path: String) -> String? {
    nodes[path].map { String(decoding: $0, as: UTF8.self) }
  }

  /// Writes a node, as dom0 may.
  public func set(_ path: String, _ value: String) {
    apply([(path, Array(value.utf8))])
  }

  package func removeTree(_ path: String) { apply([(path, nil)]) }

  /// Tells `peer` whenever a node changes.
  public func listen(_ peer: any FakePeer) { listeners.append(peer) }

  /// Forgets who listens, which holds it as it holds them.
  package func forgetListeners() { listeners = [] }

  /// Puts the response producer this far ahead of the consumer.
  package func breakIndexes(_ distance: UInt32) {
    memory.store(u32: memory.u32(at: 2056) &+ distance, at: 2060)
  }

  /// Puts the request consumer behind the producer.
  package func breakRequestIndexes() { memory.store(u32: memory.u32(at: 2052) &+ 1, at: 2048) }

  /// Sends bytes that a former user of the ring did not read.
  package func sendRaw(_ bytes: [UInt8]) { outgoing += bytes }

  package func sendEvent(_ path: String, _ token: String) {
    reply(15, 0, 0, Array(path.utf8) + [0] + Array(token.utf8) + [0])
  }

  // MARK: The wire

  /// Reads the ring, and answers.
  public func work() {
    guard !isDead else { return }
    // Read the ring.
    var moved = requests.read(min(chunkByteCount, 1024), to: &incoming) ?? 0
    while let header = XenStoreHeader(incoming),
      incoming.count >= 16 + Int(header.byteCount)
    {
      let payload = Array(incoming[16..<16 + Int(header.byteCount)])
      incoming.removeFirst(16 + Int(header.byteCount))
      if !isMute { answer(header, payload) }
    }
    let count = responses.write(outgoing.prefix(min(chunkByteCount, 1024))) ?? 0
    outgoing.removeFirst(count)
    moved += count
    if moved > 0 {
      xen.raise(port)
      if chunkByteCount < 1024 { xen.notify(self) }
    }
  }

  private func reply(_ type: UInt32, _ id: UInt32, _ transaction: UInt32, _ payload: [UInt8]) {
    let header = XenStoreHeader(
      type: type, requestID: id, transactionID: transaction,
      byteCount: hugeAnswer ?? UInt32(payload.count))
    hugeAnswer = nil
    outgoing += header.bytes + payload
  }

  private func answer(_ header: XenStoreHeader, _ payload: [UInt8]) {
    requestCounts[header.type, default: 0] += 1
    if sendsStaleAnswers { reply(header.type, header.requestID &- 5, 0, Array("stale".utf8)) }
    if sendsStaleEvents { sendEvent("device/vbd/1/state", "left-over") }
    let result = execute(header, payload)
    switch result {
    case .success(let data):
      let type = header.type == 2 ? wrongType ?? 2 : header.type
      reply(type, header.requestID, header.transactionID, data)
    case .failure(let error):
      reply(16, header.requestID, header.transactionID, Array(error.name.utf8) + [0])
    }
  }

  package struct Refusal: Error { var name: String }

  private func execute(_ header: XenStoreHeader, _ payload: [UInt8]) -> Result<[UInt8], Refusal> {
    let parts = payload.split(separator: 0, omittingEmptySubsequences: false)
    let path = absolute(parts.first.map { String(decoding: $0, as: UTF8.self) } ?? "")
    let transaction = header.transactionID
    if transaction != 0, header.type != 7, transactions[transaction] == nil {
      return .failure(Refusal(name: "ENOENT"))
    }
    let ok = Array("OK\0".utf8)
    switch header.type {
    case 1: return list(path, transaction)
    case 22: return listPart(path, offset: Int(text(parts, 1)) ?? 0)
    case 2:
      guard let value = view(transaction)[path] else { return .failure(Refusal(name: "ENOENT")) }
      return .success(value)
    case 11, 12:
      guard path.hasPrefix(Self.home + "/") else { return .failure(Refusal(name: "EACCES")) }
      let value = header.type == 11 ? Array(payload.dropFirst(parts[0].count + 1)) : []
      change(transaction, path, value)
      return .success(ok)
    case 13:
      guard view(transaction)[path] != nil else { return .failure(Refusal(name: "ENOENT")) }
      change(transaction, path, nil)
      return .success(ok)
    case 4:
      let token = text(parts, 1)
      watches.append((path, parts[0].first != 0x2f, token))
      sendEvent(String(decoding: parts[0], as: UTF8.self), token)
      return .success(ok)
    case 5:
      guard let index = watches.firstIndex(where: { $0.path == path && $0.token == text(parts, 1) })
      else { return .failure(Refusal(name: "ENOENT")) }
      watches.remove(at: index)
      return .success(ok)
    case 6:
      nextTransaction += 1
      transactions[nextTransaction] = []
      return .success(Array("\(nextTransaction)\0".utf8))
    case 7: return end(transaction, commits: payload.first == 0x54)
    default: return .failure(Refusal(name: "ENOSYS"))
    }
  }

  private func end(_ transaction: UInt32, commits: Bool) -> Result<[UInt8], Refusal> {
    guard let changes = transactions.removeValue(forKey: transaction) else {
      return .failure(Refusal(name: "ENOENT"))
    }
    if commits, conflictCount > 0 {
      conflictCount -= 1
      return .failure(Refusal(name: "EAGAIN"))
    }
    if commits { apply(changes) }
    return .success(Array("OK\0".utf8))
  }

  package var openTransactionCount: Int { transactions.count }

  private func text(_ parts: [ArraySlice<UInt8>], _ index: Int) -> String {
    parts.count > index ? String(decoding: parts[index], as: UTF8.self) : ""
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : Self.home + "/" + path
  }

  private func view(_ transaction: UInt32) -> [String: [UInt8]] {
    var result = nodes
    for (path, value) in transactions[transaction] ?? [] { Self.edit(&result, path, value) }
    return result
  }

  private func change(_ transaction: UInt32, _ path: String, _ value: [UInt8]?) {
    if transaction != 0 {
      transactions[transaction]?.append((path, value))
    } else {
      apply([(path, value)])
    }
  }

  private static func edit(_ nodes: inout [String: [UInt8]], _ path: String, _ value: [UInt8]?) {
    guard let value else {
      for key in nodes.keys where key == path || key.hasPrefix(path + "/") { nodes[key] = nil }
      return
    }
    nodes[path] = value
    var parent = path
    while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
      parent = String(parent[..<slash])
      if nodes[parent] == nil { nodes[parent] = [] }
    }
  }

  private func apply(_ changes: [(path: String, value: [UInt8]?)]) {
    for (path, value) in changes {
      Self.edit(&nodes, path, value)
      for watch in watches
      where path == watch.path || path.hasPrefix(watch.path + "/")
        || value == nil && watch.path.hasPrefix(path + "/")
      {
        let shown = watch.relative ? String(path.dropFirst(Self.home.count + 1)) : path
        sendEvent(shown, watch.token)
      }
    }
    for listener in listeners { xen.notify(listener) }
    xen.notify(self)
  }

  private func children(_ path: String, _ nodes: [String: [UInt8]]) -> [String] {
    let prefix = path + "/"
    return nodes.keys.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("/") }
      .map { String($0.dropFirst(prefix.count)) }.sorted()
  }

  private func list(_ path: String, _ transaction: UInt32) -> Result<[UInt8], Refusal> {
    let nodes = view(transaction)
    guard nodes[path] != nil else { return .failure(Refusal(name: "ENOENT")) }
    let bytes: [UInt8] = children(path, nodes).flatMap { Array($0.utf8) + [0] }
    return bytes.count > 4096 ? .failure(Refusal(name: "E2BIG")) : .success(bytes)
  }

  private func listPart(_ path: String, offset: Int) -> Result<[UInt8], Refusal> {
    if directoryChanges { generation += 1 }
    let head = Array("\(generation)\0".utf8)
    let names = children(path, nodes)
    let all: [UInt8] = names.flatMap { Array($0.utf8) + [0] }
    guard offset < all.count else { return .success(head + [0]) }
    var length = 0
    for name in all[offset...].split(separator: 0) {
      if length + name.count + 1 > 2000 { break }
      length += name.count + 1
    }
    let end = offset + length == all.count ? [0] : [] as [UInt8]
    return .success(head + all[offset..<offset + length] + end)
  }
}
