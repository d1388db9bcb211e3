// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What the toolstack asks of the domain in `control/shutdown`.
public enum ShutdownRequest: Equatable, Sendable {
  /// `poweroff` or `halt`: end the domain.
  case powerOff
  /// `reboot`: end it, to be started again.
  case reboot
}

/// Looks for requests of `xl shutdown` and `xl reboot`, and acknowledges them.
public final class ShutdownWatch<H: Hypervisor> {
  private static var path: ByteString { "control/shutdown" }

  /// The watch's token, for `XenStore.prepareToSleep`.
  public static var token: ByteString { "shutdown" }

  private let store: XenStore<H>

  /// Starts to watch.
  public init(store: XenStore<H>) throws(XenStoreError) {
    self.store = store
    try store.watch(Self.path, token: Self.token)
  }

  /// The request that came since the last call, if any; never sleeps for long. To sleep until there
  /// is one, poll the store's port after `XenStore.prepareToSleep`.
  public func poll() throws(XenStoreError) -> ShutdownRequest? {
    guard try store.hasChange(tokens: [Self.token]) else { return nil }
    return try store.transaction { (transaction) throws(XenStoreError) -> ShutdownRequest? in
      let path: ByteString = Self.path
      guard let text = try self.store.readIfPresent(path, in: transaction) else { return nil }
      let request: ShutdownRequest
      if text == "poweroff" || text == "halt" {
        request = .powerOff
      } else if text == "reboot" {
        request = .reboot
      } else {
        return nil  // Suspend is for kernels; what is not acknowledged, the toolstack gives up.
      }
      try self.store.write(path, "", in: transaction)
      return request
    }
  }

  /// Stops to watch.
  public func stop() throws(XenStoreError) { try store.unwatch(token: Self.token) }
}
