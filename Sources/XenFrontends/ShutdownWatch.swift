// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What the toolstack asks of the domain in `control/shutdown` (Xen's
/// `docs/misc/xenstore-paths.pandoc`).
public enum ShutdownRequest: Equatable, Sendable {
  /// `poweroff` or `halt`: end the domain.
  case powerOff
  /// `reboot`: end it, to be started again.
  case reboot
  /// `suspend`, which only a kernel can do; the request is taken back.
  case suspend
  /// An unknown word, which is left for the kernel.
  case unknown(ByteString)
}

/// Looks for requests of `xl shutdown`, `xl reboot` and `xl save`, and acknowledges them.
public final class ShutdownWatch<H: Hypervisor> {
  private static var path: ByteString { "control/shutdown" }

  /// The watch's token, for `XenStore.prepareToSleep`.
  public static var token: ByteString { "shutdown" }

  /// The most bytes of an unknown word that are reported.
  static var wordByteCountMax: Int { 64 }

  private let store: XenStore<H>

  /// Starts watching.
  public init(store: XenStore<H>) throws(XenStoreError) {
    self.store = store
    try store.watch(Self.path, token: Self.token)
  }

  /// The request since the last call, if any. Without an event this costs two loads from the ring's
  /// page. To sleep until there is one, poll the store's port after `XenStore.prepareToSleep`.
  public func poll() throws(XenStoreError) -> ShutdownRequest? {
    guard try store.hasChange(tokens: [Self.token]) else { return nil }
    return try store.transaction { (transaction) throws(XenStoreError) -> ShutdownRequest? in
      let path: ByteString = Self.path
      guard let text = try self.store.readIfPresent(path, in: transaction),
        let request = Self.request(text)
      else { return nil }
      if case .unknown = request { return request }
      try self.store.write(path, "", in: transaction)
      return request
    }
  }

  private static func request(_ text: ByteString) -> ShutdownRequest? {
    if text.isEmpty { return nil }
    if text == "poweroff" || text == "halt" { return .powerOff }
    if text == "reboot" { return .reboot }
    if text == "suspend" { return .suspend }
    return .unknown(ByteString(text.bytes.prefix(wordByteCountMax)))
  }

  /// Stops watching.
  public func stop() throws(XenStoreError) { try store.unwatch(token: Self.token) }
}
