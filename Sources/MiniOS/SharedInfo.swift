// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen
import StubMachine

/// The page that Xen shares with the domain (`struct shared_info` of xen.h).
enum SharedInfo {
  /// Offsets in the page, 64-bit layout.
  private enum Offset {
    static let faultAddress = 16
    static let time = 32
    static let pending = 2048
  }
  private static let portCount: UInt32 = 4096

  nonisolated(unsafe) private static var page: UnsafeMutableRawPointer?

  /// Maps the page over one of the image's.
  static func start(_ info: borrowing BootInfo) {
    let address = minios_shared_info_page()
    var machineAddress = info.sharedInfoMachineAddress
    if StubDomain.mode == .pvh {
      let frame = XenPages.add(space: Int32(XENMAPSPACE_shared_info), index: 0)
      machineAddress = frame > 0 ? UInt64(frame) << 12 : 0
    }
    let entry = machineAddress | AddressSpace.Entry.memory
    // Without it the clock would stand still, and no wait would end.
    guard machineAddress != 0, PageTables.setMapping(address, entry: entry) == 0 else {
      Panic.end("Xen gives no shared info page")
    }
    page = UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  /// Forgets the page, which is about to go.
  static func stop() { page = nil }

  /// Where the page is.
  static var address: UnsafeRawPointer? { page.map { UnsafeRawPointer($0) } }

  /// The time record of the first virtual CPU.
  static var time: UnsafeRawPointer? { page.map { UnsafeRawPointer($0 + Offset.time) } }

  /// PV: the address of the last page fault.
  static var faultAddress: UInt64 {
    page?.load(fromByteOffset: Offset.faultAddress, as: UInt64.self) ?? 0
  }

  /// Clears the pending bit of `port`.
  static func clearPending(_ port: UInt32) {
    guard let page, port < portCount else { return }
    let word = page + Offset.pending + Int(port / 64) * 8
    xen_clear_bit(word.assumingMemoryBound(to: UInt64.self), UInt64(port % 64))
  }

  /// Clears what this kernel may have left for the next: every pending bit and the upcall flag.
  static func clearAllPending() {
    guard let page else { return }
    page.storeBytes(of: 0, as: UInt8.self)
    page.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    for index in 0..<64 {
      page.storeBytes(of: 0, toByteOffset: Offset.pending + 8 * index, as: UInt64.self)
    }
  }
}
