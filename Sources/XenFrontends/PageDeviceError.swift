// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why framebuffer or keyboard could not be connected, or not be closed cleanly.
public indirect enum PageDeviceError: BootFailure {
  /// Xenstore failed.
  case store(device: ByteString, XenStoreError)
  /// There is no memory, event channel or grant for it.
  case resources(device: ByteString, reason: ByteString)
  /// The backend stayed in `state` and did not reach `awaited` in time; 0 is no state at all.
  case backendStuck(device: ByteString, state: UInt64, awaited: UInt64)
  /// The backend went to `state`, which ends the connection.
  case backendClosed(device: ByteString, state: UInt64)
  /// The backend's directory has gone.
  case backendGone(device: ByteString)
  /// A node of the backend has a value that makes no sense.
  case badNode(device: ByteString, node: ByteString, value: ByteString)
  /// After the close the backend still holds the page.
  case pageInUse(device: ByteString)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the device.
  public var message: ByteString {
    switch self {
    case .store(let device, let error): "\(device): \(error.message)"
    case .resources(let device, let reason): "\(device): \(reason)"
    case .backendStuck(let device, let state, let awaited):
      "\(device): the backend stays in state \(state) and does not reach \(awaited)"
    case .backendClosed(let device, let state):
      "\(device): the backend refused (state \(state))"
    case .backendGone(let device): "\(device): the backend has gone"
    case .badNode(let device, let node, let value):
      "\(device): the backend's \(node) is '\(value)'"
    case .pageInUse(let device): "\(device): the backend still holds the page"
    }
  }
}
