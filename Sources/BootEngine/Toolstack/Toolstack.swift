// SPDX-License-Identifier: GPL-2.0-or-later
import BootSession
import Bytes
import StubMachine
import XenFrontends

/// What the toolstack wants of the domain, as xenstore tells it.
final class Toolstack<M: Machine> {
  /// What a look gave.
  enum Word {
    /// The domain is to end.
    case end(DomainEnd)
    /// A line for the administrator.
    case line(ByteString)
  }

  private let store: XenStore<M>
  /// Nil if xenstore gives no watch, or failed.
  private var watch: ShutdownWatch<M>?

  init(_ store: XenStore<M>) { self.store = store }

  /// xenstore's event channel, to sleep on; nil if nothing can come.
  var port: UInt32? { watch == nil ? nil : store.port }

  /// Watches for requests.
  func start() throws(XenStoreError) { watch = try ShutdownWatch(store: store) }

  /// Stops watching; all other watches of the domain end too, so that the next kernel finds none.
  func stop() throws(XenStoreError) {
    try store.unwatchAll()
    watch = nil
  }

  /// Watches again after a boot that failed.
  func restart() throws(XenStoreError) {
    try store.unwatch(token: ShutdownWatch<M>.token)
    try start()
  }

  /// Looks for a request; costs a look at xenstore's ring.
  func look() -> Word? {
    guard let watch else { return nil }
    do throws(XenStoreError) {
      switch try watch.poll() {
      case .powerOff: return .end(.powerOff)
      case .reboot: return .end(.reboot)
      case .suspend:
        return .line("the toolstack wants to suspend the domain, which only a kernel can")
      case .unknown(let word):
        return .line("the toolstack wants '\(word)', which is not known here")
      case nil: return nil
      }
    } catch {
      self.watch = nil
      return .line(error.message)
    }
  }

  /// Whether xenstore has no event for us, so that its port can be slept on.
  var isQuiet: Bool {
    guard watch != nil else { return true }
    do throws(XenStoreError) {
      return try store.prepareToSleep(tokens: [ShutdownWatch<M>.token])
    } catch { return true }
  }
}
