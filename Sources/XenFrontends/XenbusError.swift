// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a device could not be connected, or could not be closed cleanly. `device` is the name that
/// `XenbusDevice` was given.
public indirect enum XenbusError: BootFailure {
  /// Xenstore failed.
  case store(device: ByteString, XenStoreError)
  /// There is no memory, event channel or grant for it.
  case resources(device: ByteString, reason: ByteString)
  /// The backend stayed in `state` and did not reach `awaited` in time; 0 is no state at all.
  case backendStuck(device: ByteString, state: UInt64, awaited: UInt64)
  /// The backend went to `state`, which ends the connection; `reason` is its own word, if any.
  case backendClosed(device: ByteString, state: UInt64, reason: ByteString)
  /// The backend's directory has gone.
  case backendGone(device: ByteString)
  /// A node of the backend has a value that makes no sense.
  case badNode(device: ByteString, node: ByteString, value: ByteString)
  /// The connection is closed, but the backend still holds frames of ours.
  case framesInUse(device: ByteString, count: Int)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the device.
  public var message: ByteString {
    switch self {
    case .store(let device, let error): "\(device): \(error.message)"
    case .resources(let device, let reason): "\(device): \(reason)"
    case .backendStuck(let device, let state, let awaited):
      "\(device): the backend stays in state \(state) and does not reach \(awaited)"
    case .backendClosed(let device, let state, let reason):
      reason.isEmpty
        ? "\(device): the backend went to state \(state)"
        : "\(device): the backend went to state \(state): \(reason)"
    case .backendGone(let device): "\(device): the backend has gone"
    case .badNode(let device, let node, let value):
      "\(device): the backend's \(node) is '\(value)'"
    case .framesInUse(let device, let count):
      "\(device): the backend still holds \(count) \(count == 1 ? "frame" : "frames")"
    }
  }
}

/// What disks throw.
public typealias DiskError = XenbusError

/// What framebuffer and keyboard throw.
public typealias PageDeviceError = XenbusError
