// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension XenbusDevice {
  /// The value of a node of the backend; nil if there is none.
  public func backendValue(_ node: ByteString) throws(XenbusError) -> ByteString? {
    try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.address.backendPath + "/" + node)
    }
  }

  /// A decimal number that the backend has written; `missing` if there is no such node, which is an
  /// error if that is nil. What is no number is an error too, `badNode`.
  public func backendNumber(
    _ node: ByteString, default missing: UInt64?
  ) throws(XenbusError) -> UInt64 {
    guard let text = try backendValue(node) else {
      if let missing { return missing }
      throw .badNode(device: name, node: node, value: "")
    }
    guard let number = Numbers.decimal(text) else {
      throw .badNode(device: name, node: node, value: text)
    }
    return number
  }

  /// The backend's state, nil if it has none any more.
  public func backendState() throws(XenbusError) -> UInt64? {
    guard let text = try backendValue("state") else { return nil }
    guard let state = Numbers.decimal(text) else {
      throw .badNode(device: name, node: "state", value: text)
    }
    return state
  }

  /// Writes our state.
  func setState(_ state: UInt64) throws(XenbusError) {
    try stored { () throws(XenStoreError) in
      try self.store.write(self.address.path + "/state", "\(state)")
    }
  }

  /// Removes our nodes, all or none.
  func removeOwnNodes() throws(XenbusError) {
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        try self.removeOwnNodes(in: transaction)
      }
    }
  }

  /// Removes every node that a frontend may have left in our directory; those of the toolstack
  /// stay.
  func removeOwnNodes(in transaction: XenStoreTransaction) throws(XenStoreError) {
    for node in try store.directory(address.path, in: transaction) where isOwnNode(node) {
      try store.removeIfPresent(address.path + "/" + node, in: transaction)
    }
  }

  /// Runs a step that talks to xenstore.
  func stored<Result>(
    _ step: () throws(XenStoreError) -> Result
  ) throws(XenbusError) -> Result {
    do throws(XenStoreError) { return try step() } catch {
      throw .store(device: name, error)
    }
  }
}
