// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension XenStore {
  /// Sets the values of several nodes. All requests are sent before the first answer is awaited;
  /// the store handles them in this order, each by itself. Takes at most `timeLimit`; requests
  /// without an answer by then may still take effect. Throws the first of several refusals.
  public func write(
    _ nodes: [(path: ByteString, value: ByteString)], within timeLimit: UInt64
  ) throws(XenStoreError) {
    let deadline = hypervisor.now + timeLimit
    var open: [(id: UInt32, path: ByteString)] = []
    var refusal: XenStoreError?
    do throws(XenStoreError) {
      for (path, value) in nodes {
        let id = try send(.write, path, terminated(path) + value.bytes, in: .none)
        open.append((id, path))
      }
    } catch {
      if failure != nil { throw error }
      refusal = error
    }
    while true {
      hypervisor.clearPending(port: port)
      try flush()
      while !open.isEmpty, let answer = try receive(awaiting: open.map { $0.id }),
        let index = open.firstIndex(where: { $0.id == answer.header.requestID })
      {
        let path = open.remove(at: index).path
        do throws(XenStoreError) {
          try check(answer, .write, path)
        } catch { refusal = refusal ?? error }
      }
      guard let first = open.first else { break }
      guard hypervisor.now < deadline else {
        for (id, _) in open { abandon(id) }
        throw .timedOut(operation: XenStoreOperation.write.name, path: first.path)
      }
      hypervisor.poll(ports: [port], until: deadline)
    }
    if let refusal { throw refusal }
  }
}
