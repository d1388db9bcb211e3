// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension XenStore {
  /// Sets the values of several nodes: all requests are sent before the first answer is waited for.
  /// They are done in this order, each for itself. The whole takes `timeLimit` at most; what is
  /// unanswered then may still be done. Of several refusals the first is thrown.
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
