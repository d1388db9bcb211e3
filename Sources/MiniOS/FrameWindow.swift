// SPDX-License-Identifier: GPL-2.0-or-later

/// One page of address space through which any frame of the domain can be written for a moment.
public enum FrameWindow {
  private static let address = AddressSpace.grantTableStart - 4096

  /// Maps `frame`, calls `body` with its 4096 bytes, and takes the mapping away. False if memory
  /// for tables ran out or Xen refused.
  public static func write(
    _ frame: UInt64, _ body: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool {
    guard AddressSpace.prepareTables(for: address) else { return false }
    let entry = AddressSpace.machineFrame(of: frame) << 12 | AddressSpace.Entry.memory
    guard PageTables.setMapping(address, entry: entry) == 0 else { return false }
    body(
      UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: UInt(address)), count: 4096))
    return PageTables.setMapping(address, entry: 0) == 0
  }
}
