// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CStubDomainProbe
import CXen
import MiniOS
import StubMachine
import XenFrontends

/// The probe's console, xenstore and disks.
final class Services {
  typealias Disk = DiskFrontend<XenMachine>

  let info: BootInfo
  let machine: XenMachine
  let console: Console<XenMachine>
  private let store: XenStore<XenMachine>
  private let grants: GrantTable<XenMachine>

  /// Bytes of each disk that are read.
  private static let sampleByteCount = 64 * 1024

  init(_ info: BootInfo) {
    self.info = info
    machine = XenMachine(info)
    let (store, console) = (machine.entry.store, machine.entry.console)
    guard let storePage = store.page, let consolePage = console.page else {
      Panic.end("Xen gives the rings")
    }
    self.console = Console(page: consolePage, port: console.port, hypervisor: machine)
    self.store = XenStore(page: storePage, port: store.port, hypervisor: machine)
    do throws(GrantError) {
      grants = try GrantTable(hypervisor: machine)
    } catch { Panic.end(reason: error.message) }
  }

  /// Writes a line.
  func say(_ line: ByteString) { console.write((line + "\n").bytes) }

  /// Waits until somebody has read what was written.
  func flush() { console.flush(until: machine.now + 1_000_000_000) }

  /// Connects all disks, prints a checksum of their first bytes, and closes them.
  func readDisks() {
    do throws(XenStoreError) {
      let disks = try Disk.discover(store: store, grants: grants, hypervisor: machine)
      Disk.connect(disks, timeLimit: 5_000_000_000)
      for disk in disks { read(disk) }
    } catch { say("PROBE: \(error.message)") }
  }

  private func read(_ disk: Disk) {
    do throws(BlockError) {
      let byteCount = disk.geometry.byteCount
      let bytes = try disk.read(at: 0, count: Int(min(byteCount, UInt64(Self.sampleByteCount))))
      let sum = UInt64(CRC32.ieee.checksum(bytes))
      say("PROBE: disk \(disk.name) bytes=\(byteCount) crc32=\(hex: sum)")
    } catch { say("PROBE: disk \(disk.name): \(error.message)") }
    do throws(DiskError) { try disk.close() } catch { say("PROBE: \(error.message)") }
  }

  /// Describes the module: one piece, or a list of pieces, each with its command line.
  func describeModule() {
    let byteCount = info.module.byteCount
    guard byteCount > 0 else { return }
    guard info.flags & UInt32(SIF_MULTIBOOT_MOD) != 0 else {
      say("PROBE: module bytes=\(byteCount) crc32=\(hex: checksum(0..<byteCount))")
      return
    }
    let head = bytes(0..<min(byteCount, 65536))
    let view = ByteView(head)
    var index = 0
    // The list ends with a record of zeros, or at the end of the view.
    while let start = view.u32(at: index * 16), let end = view.u32(at: index * 16 + 4),
      let text = view.u32(at: index * 16 + 8), start != 0, start <= end, UInt64(end) <= byteCount
    {
      let rest = max(0, head.count - Int(text))
      let line = view.terminatedString(at: Int(text), count: rest) ?? "?"
      let range = UInt64(start)..<UInt64(end)
      say(
        "PROBE: module \(index) bytes=\(end - start) crc32=\(hex: checksum(range)) line='\(line)'")
      index += 1
    }
  }

  private func checksum(_ range: Range<UInt64>) -> UInt64 {
    UInt64(CRC32.ieee.checksum(bytes(range)))
  }

  /// Bytes of the module, whether it is mapped or not.
  private func bytes(_ range: Range<UInt64>) -> [UInt8] {
    var result: [UInt8] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let offset = Int(position % 4096)
      let count = Int(min(range.upperBound - position, UInt64(4096 - offset)))
      let isRead = machine.write(info.module.firstFrame + position / 4096) { page in
        result.append(contentsOf: page[offset..<offset + count])
      }
      guard isRead else { return result }
      position += UInt64(count)
    }
    return result
  }

  /// Calls Xen through the hypercall page, if it was filled.
  func tryHypercallPage() {
    guard StubDomain.mode == .pv else { return }
    guard probe_page_is_filled() != 0 else {
      say("PROBE: the hypercall page was not filled")
      return
    }
    let byPage = probe_version_by_page()
    let direct = UInt64(bitPattern: xen_hypercall(UInt64(__HYPERVISOR_xen_version), 0, 0, 0, 0))
    say(
      "PROBE: Xen \(byPage >> 16).\(byPage & 0xffff) by the page, equal=\(byPage == direct ? 1 : 0)"
    )
  }

  /// Lives until `xl shutdown`.
  func waitForShutdown() {
    say("PROBE: waiting")
    do throws(XenStoreError) {
      let watch = try ShutdownWatch(store: store)
      while try watch.poll() == nil {
        _ = try store.prepareToSleep(tokens: [ShutdownWatch<XenMachine>.token])
        machine.poll(ports: [store.port], until: machine.now + 1_000_000_000)
      }
      try watch.stop()
    } catch { say("PROBE: \(error.message)") }
  }
}
