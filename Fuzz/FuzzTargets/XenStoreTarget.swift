// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
@testable import FakeDom0
@testable import XenFrontends

/// A xenstore that lies. The input is a list of answers: a byte of flags, a type, a length and so
/// many bytes. Each turn of the store gives the next one.
final class XenStoreTarget: FuzzTarget {
  let name = "xenstore"
  let byteCountMax = 1024
  // There is no account: what is done is bounded by other things.
  let freeMilliseconds: UInt64 = 50

  func seeds() -> [[UInt8]] {
    func answer(_ flags: UInt8, _ text: String) -> [UInt8] {
      [flags, 2, UInt8(text.utf8.count)] + Array(text.utf8)
    }
    let list = answer(0, "51712\u{0}51728\u{0}")
    let back = answer(0, "/local/domain/0/backend/vbd/5/51712")
    return [
      answer(0, "value"), list + back + answer(0, "0") + answer(0, "disk") + answer(0, "4"),
      answer(1, "stale") + answer(0, "value"), answer(2, "ENOENT\u{0}"), answer(4, "huge"),
      answer(8, "raw bytes in place of a message"), answer(16, "\u{1}\u{2}"),
      answer(32, "device/vbd/51712/state\u{0}token0\u{0}") + answer(0, "3"),
      answer(0, "17\u{0}a\u{0}b\u{0}") + answer(0, "") + answer(0, "OK"),
    ]
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    let xen = FakeXen()
    let liar = Liar(xen, input)
    defer { xen.forgetPeers() }
    let store = XenStore(page: liar.page, port: 1, hypervisor: xen)
    store.timeLimit = 1_000_000
    for turn in 0..<4 where !liar.isDone {
      _ = try? store.read("name")
      _ = try? store.directory("device/vbd")
      _ = try? store.watch("device", token: "token\(turn)")
      _ = try? store.hasChange(tokens: ["token0"])
      _ = try? XenbusAddress.all(kind: "vbd", store: store)
      _ = try? store.transaction { (transaction) throws(XenStoreError) in
        try store.write("data/a", "b", in: transaction)
      }
    }
    _ = try? store.unwatchAll()
    _ = try? store.drain()
  }

  /// Domain 0's end of the ring.
  private final class Liar: FakePeer {
    let page: UnsafeMutableRawPointer
    private let xen: FakeXen
    private let memory: SharedMemory
    private let requests: ByteRing
    private let responses: ByteRing
    private var answers: ArraySlice<UInt8>
    private var incoming: [UInt8] = []

    init(_ xen: FakeXen, _ answers: ArraySlice<UInt8>) {
      self.xen = xen
      self.answers = answers
      page = xen.makePages(count: 1).address
      memory = SharedMemory(page, byteCount: 4096)
      requests = ByteRing(
        memory, dataOffset: 0, size: 1024, consumerOffset: 2048, producerOffset: 2052)
      responses = ByteRing(
        memory, dataOffset: 1024, size: 1024, consumerOffset: 2056, producerOffset: 2060)
      xen.bind(1, self)
    }

    var isDone: Bool { answers.isEmpty }

    func work() {
      incoming = []
      _ = requests.read(1024, to: &incoming)
      let request = XenStoreHeader(incoming)
      guard answers.count >= 3 else {
        answers = []
        return
      }
      let flags = answers[answers.startIndex]
      let type = answers[answers.startIndex + 1]
      let payload = Array(answers.dropFirst(3).prefix(Int(answers[answers.startIndex + 2])))
      answers = answers.dropFirst(3 + payload.count)
      send(flags, type, payload, request)
      xen.raise(1)
    }

    private func send(
      _ flags: UInt8, _ type: UInt8, _ payload: [UInt8], _ request: XenStoreHeader?
    ) {
      if flags & 8 != 0 {
        _ = responses.write(payload[...])
        return
      }
      if flags & 16 != 0 {
        for (index, byte) in payload.prefix(16).enumerated() {
          memory.store(u8: byte, at: 2048 + index)
        }
        return
      }
      var header = XenStoreHeader(
        type: request?.type ?? UInt32(type), requestID: request?.requestID ?? 0,
        transactionID: request?.transactionID ?? 0, byteCount: UInt32(payload.count))
      if flags & 1 != 0 { header.requestID &-= 5 }
      if flags & 2 != 0 { header.type = 16 }
      if flags & 4 != 0 { header.byteCount = UInt32(type) << 8 }
      if flags & 32 != 0 { (header.type, header.requestID) = (15, 0) }
      if flags & 64 != 0 { header.type = UInt32(type) }
      _ = responses.write((header.bytes + payload)[...])
    }
  }
}
