// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a disk could not be connected, or not be closed cleanly.
public indirect enum DiskError: BootFailure {
  /// Xenstore failed.
  case store(disk: ByteString, XenStoreError)
  /// There is no memory, event channel or grant for it.
  case resources(disk: ByteString, reason: ByteString)
  /// The backend stayed in `state` and did not reach `awaited` in time; 0 is no state at all.
  case backendStuck(disk: ByteString, state: UInt64, awaited: UInt64)
  /// The backend went to `state`, which ends the connection; `reason` is its own word, if any.
  case backendClosed(disk: ByteString, state: UInt64, reason: ByteString)
  /// The backend's directory has gone.
  case backendGone(disk: ByteString)
  /// A node of the backend has a value that makes no sense.
  case badNode(disk: ByteString, node: ByteString, value: ByteString)
  /// After the close the backend still holds frames of ours.
  case grantsInUse(disk: ByteString, count: Int)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the disk.
  public var message: ByteString {
    switch self {
    case .store(let disk, let error): "\(disk): \(error.message)"
    case .resources(let disk, let reason): "\(disk): \(reason)"
    case .backendStuck(let disk, let state, let awaited):
      "\(disk): the backend stays in state \(state) and does not reach \(awaited)"
    case .backendClosed(let disk, let state, let reason):
      reason.isEmpty
        ? "\(disk): the backend went to state \(state)"
        : "\(disk): the backend went to state \(state): \(reason)"
    case .backendGone(let disk): "\(disk): the backend has gone"
    case .badNode(let disk, let node, let value): "\(disk): the backend's \(node) is '\(value)'"
    case .grantsInUse(let disk, let count): "\(disk): the backend still holds \(count) frames"
    }
  }
}

/// The states of a device's two ends (`xen/io/xenbus.h`).
enum XenbusState {
  static let initialising: UInt64 = 1
  static let initWait: UInt64 = 2
  static let initialised: UInt64 = 3
  static let connected: UInt64 = 4
  static let closing: UInt64 = 5
  static let closed: UInt64 = 6
}
