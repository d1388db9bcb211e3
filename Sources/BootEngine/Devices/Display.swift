// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Framebuffer
import StubMachine
import XenFrontends

/// The screen and keyboard of a guest with `vfb`: shows what the console shows, and takes keys.
/// A display that fails is left out; it never stops a boot.
final class Display<M: Machine> {
  /// Bytes of memory that must be free: the pixels are 2 MiB, and a guest this small needs them.
  private static var freeByteCountMin: UInt64 { 64 << 20 }

  private let machine: M
  private let framebuffer: FramebufferFrontend<M>
  private let keyboard: KeyboardFrontend<M>?
  private var screen = TerminalScreen()
  private var painter: FramebufferPainter?
  private var layout = KeyboardLayout()
  /// Whether nobody serves the framebuffer: nothing will change that while the domain runs.
  private var isUnserved = false

  /// The domain's display, not connected; nil if it has none.
  init?(
    store: XenStore<M>, grants: GrantTable<M>, hypervisor: M
  ) throws(XenStoreError) {
    guard
      let framebuffer = try FramebufferFrontend(
        store: store, grants: grants, hypervisor: hypervisor)
    else { return nil }
    machine = hypervisor
    self.framebuffer = framebuffer
    keyboard = try KeyboardFrontend(store: store, grants: grants, hypervisor: hypervisor)
  }

  /// The keyboard's event channel; nil while it is not connected.
  var port: UInt32? { keyboard?.port }

  /// Grants that the keyboard's backend did not let go of.
  var heldGrantCount: Int { keyboard?.heldGrantCount ?? 0 }

  /// Connects what is not connected, shows what was written so far, and says what failed.
  func connect() -> [ByteString] {
    guard painter == nil, !isUnserved else { return [] }
    guard machine.freeFrameCount >= Self.freeByteCountMin / Page.byteCount else {
      return ["vfb: not used: less than \(Self.freeByteCountMin >> 20) MiB of memory are free"]
    }
    do throws(PageDeviceError) {
      try framebuffer.connect()
    } catch {
      guard case .backendStuck(_, XenbusState.initialising, XenbusState.initWait) = error else {
        return [error.message]
      }
      isUnserved = true
      return [
        "vfb: no backend serves it: with QEMU 10 or later, write "
          + "device_model_args_pv=[\"-vga\",\"xenfb\"] into the guest config"
      ]
    }
    painter = FramebufferPainter(width: framebuffer.width, height: framebuffer.height)
    paint()
    do throws(PageDeviceError) {
      try keyboard?.connect()
    } catch { return [error.message] }
    return []
  }

  /// Closes both, so that the next kernel can connect, gives the memory back, and says what failed.
  func close() -> [ByteString] {
    guard painter != nil else { return [] }
    painter = nil
    layout = KeyboardLayout()
    var complaints: [ByteString] = []
    do throws(PageDeviceError) {
      try framebuffer.close()
    } catch { complaints.append(error.message) }
    do throws(PageDeviceError) {
      try keyboard?.close()
    } catch { complaints.append(error.message) }
    return complaints
  }

  /// Shows bytes for a VT100.
  func write(_ bytes: [UInt8]) {
    screen.write(bytes)
    paint()
  }

  /// The bytes of the keys that were pressed since the last call; never waits.
  func read() -> [UInt8] {
    var bytes: [UInt8] = []
    for key in keyboard?.read() ?? [] {
      bytes += layout.bytes(forKey: key.code, isPressed: key.isPressed)
    }
    return bytes
  }

  /// False if a key was pressed already; else `port` can be polled next.
  func prepareToSleep() -> Bool { keyboard?.prepareToSleep() ?? true }

  private func paint() {
    guard let area = painter?.paint(screen, on: framebuffer) else { return }
    framebuffer.update(
      PixelRectangle(
        x: area.columns.lowerBound, y: area.rows.lowerBound, width: area.columns.count,
        height: area.rows.count))
  }
}

extension FramebufferFrontend: PixelTarget {}
