// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a request to xenstore failed.
public indirect enum XenStoreError: BootFailure {
  /// The store answered with an error name: `ENOENT`, `EACCES`, `EAGAIN`...
  case refused(operation: ByteString, path: ByteString, error: ByteString)
  /// No answer came within the time limit.
  case timedOut(operation: ByteString, path: ByteString)
  /// The store broke the protocol; the connection can't be used any more.
  case protocolViolation(ByteString)
  /// A request does not fit into a message of 4096 bytes.
  case tooLong(path: ByteString, byteCount: Int)
  /// Other writers interfered with each of `attemptCount` attempts of a transaction.
  case conflict(attemptCount: Int)
  /// A directory kept changing while its parts were read.
  case unstable(path: ByteString)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the node.
  public var message: ByteString {
    switch self {
    case .refused(let operation, let path, let error): "xenstore: \(operation) \(path): \(error)"
    case .timedOut(let operation, let path): "xenstore: no answer to \(operation) \(path)"
    case .protocolViolation(let what): "xenstore broke the protocol: \(what)"
    case .tooLong(let path, let count): "xenstore: a request of \(count) bytes for \(path)"
    case .conflict(let count): "xenstore: a transaction failed \(count) times"
    case .unstable(let path): "xenstore: \(path) changes faster than it can be listed"
    }
  }

  /// Whether the store said that there is no such node.
  public var isNotFound: Bool { hasName("ENOENT") }

  /// Whether the store answered with the error `name`.
  func hasName(_ name: ByteString) -> Bool {
    guard case .refused(_, _, let error) = self else { return false }
    return error == name
  }
}
