// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import XenFrontends

/// A frontend as somebody outside of this package would write it: a device `greet` that answers
/// each number with its double, over a ring of its own and an event channel, after a handshake with
/// a version, as `pvcalls` and `vsnd` have it.
final class Greeter<H: Hypervisor> {
  /// A request and a response have eight bytes each: a number, and what belongs to it.
  static var entryByteCount: Int { 8 }
  /// The versions of the protocol that we know.
  static var version: ByteString { "1" }

  let device: XenbusDevice<H>
  private(set) var greeting: ByteString = ""
  private var ring: FrontRing?
  private var nextNumber: UInt32 = 0

  init?(
    number: UInt64, store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) throws(XenStoreError) {
    guard let address = try XenbusAddress(kind: "greet", number: number, store: store) else {
      return nil
    }
    device = XenbusDevice(
      address, name: "greet\(number)", ownNodes: ["version", "feature-*"], store: store,
      grants: grants, hypervisor: hypervisor)
  }

  /// Connects all of `greeters` at the same time; throws the first error of any, when the others
  /// are connected.
  static func connect(_ greeters: [Greeter<H>], timeLimit: UInt64) throws(XenbusError) {
    guard let first = greeters.first else { return }
    let deadline = first.device.hypervisor.now + timeLimit
    var failure: XenbusError?
    var waiting = greeters
    for greeter in greeters {
      do throws(XenbusError) { try greeter.device.beginConnect() } catch { failure = error }
    }
    while !waiting.isEmpty {
      waiting.removeAll { greeter in
        do throws(XenbusError) {
          try greeter.advance(until: deadline)
          return greeter.device.phase == .connected
        } catch {
          failure = failure ?? error
          try? greeter.device.close()
          return true
        }
      }
      do throws(XenStoreError) {
        try XenbusDevice.wait(for: waiting.map { $0.device }, until: deadline)
      } catch { throw .store(device: "greet", error) }
    }
    if let failure { throw failure }
  }

  private func advance(until deadline: UInt64) throws(XenbusError) {
    switch try device.next() {
    case .wait:
      guard device.hypervisor.now < deadline else { throw try device.stuckError() }
    case .offer:
      let versions = try device.backendValue("versions") ?? ""
      guard versions == Self.version else {
        throw .badNode(device: device.name, node: "versions", value: versions)
      }
      let pages = try device.grantPages(1)
      ring = FrontRing(pages.memory, entryByteCount: Self.entryByteCount)
      let port = try device.openPort()
      try device.announce(
        XenbusNode.ring(pages.references) + [
          XenbusNode("version", Self.version), XenbusNode("event-channel", "\(port)"),
          XenbusNode("feature-politeness", "1"),
        ])
    case .confirm:
      greeting = try device.backendValue("greeting") ?? ""
      try device.confirm()
    }
  }

  /// The double of each number; nil if the backend does not answer within a second, or lies.
  func doubles(of numbers: [UInt32]) -> [UInt32]? {
    guard device.phase == .connected, var ring, let port = device.port else { return nil }
    defer { self.ring = ring }
    let hypervisor = device.hypervisor
    let deadline = hypervisor.now + 1_000_000_000
    var answers: [UInt32] = []
    var sentCount = 0
    while answers.count < numbers.count {
      while sentCount < numbers.count, ring.freeEntryCount > 0 {
        let entry = ring.nextRequest()
        entry.store(u32: UInt32(sentCount), at: 0)
        entry.store(u32: numbers[sentCount], at: 4)
        sentCount += 1
      }
      if ring.publish() { hypervisor.send(port: port) }
      hypervisor.clearPending(port: port)
      if !ring.askForEvent() {
        guard hypervisor.now < deadline, !device.hasBackendLeft() else { return nil }
        hypervisor.poll(ports: [port, device.store.port], until: deadline)
        continue
      }
      guard ring.responseCount <= UInt32(sentCount - answers.count) else { return nil }
      let entry = ring.nextResponse()
      let (number, answer) = (entry.u32(at: 0), entry.u32(at: 4))
      guard number == UInt32(answers.count) else { return nil }
      answers.append(answer)
    }
    return answers
  }

  func close() throws(XenbusError) {
    ring = nil
    try device.close()
  }
}
