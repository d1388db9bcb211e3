// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import DomainBuilder
import KernelImage
import MiniOS
import XenFrontends

/// What the loader holds of its domain: the rings and the disks.
final class Loader {
  let info: BootInfo
  let hypervisor = XenHypervisor()
  let console: Console<XenHypervisor>
  let store: XenStore<XenHypervisor>
  let grants: GrantTable<XenHypervisor>

  init(_ info: BootInfo) throws(BootError) {
    self.info = info
    guard let consolePage = Self.ringPage(info.console.machineFrame),
      let storePage = Self.ringPage(info.store.machineFrame)
    else { throw BootError(.device, "Xen gave no ring for console or xenstore") }
    console = Console(page: consolePage, port: info.console.port, hypervisor: hypervisor)
    store = XenStore(page: storePage, port: info.store.port, hypervisor: hypervisor)
    do throws(GrantError) {
      grants = try GrantTable(hypervisor: hypervisor)
    } catch { throw BootError(error) }
  }

  /// The boot mapping has every ring page where its frame number says.
  private static func ringPage(_ machineFrame: UInt64) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: UInt(AddressSpace.frame(ofMachine: machineFrame) << 12))
  }

  /// Writes a line.
  func say(_ line: ByteString) { console.write((line + "\n").bytes) }
}
