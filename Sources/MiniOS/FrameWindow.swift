// SPDX-License-Identifier: GPL-2.0-or-later

/// Some pages of address space through which any frames of the domain can be written for a moment.
enum FrameWindow {
  /// Pages that can be seen at one time.
  private static let pageCount: UInt64 = 128
  private static let address = AddressSpace.grantTableStart - pageCount * 4096

  /// Makes the tables of the window, so that `write` needs no new one.
  static func prepare() -> Bool { AddressSpace.prepareTables(for: address) }

  /// Maps `frame`, calls `body` with its 4096 bytes, and takes the mapping away. False if memory
  /// for tables ran out or Xen refused.
  static func write(
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

  /// Zeroes `count` frames from `first` on, many with one mapping. False as with `write`.
  static func zero(first: UInt64, count: UInt64) -> Bool {
    var done: UInt64 = 0
    while done < count {
      let batch = min(count - done, pageCount)
      let start = first + done
      let isMapped = AddressSpace.set(address, count: Int(batch)) { index in
        AddressSpace.machineFrame(of: start + UInt64(index)) << 12 | AddressSpace.Entry.memory
      }
      guard isMapped, let pages = UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
        AddressSpace.unmap(address, count: Int(batch))
        return false
      }
      // SAFETY: all of the batch is mapped.
      pages.initializeMemory(as: UInt64.self, repeating: 0, count: Int(batch) * 512)
      AddressSpace.unmap(address, count: Int(batch))
      done += batch
    }
    return true
  }
}
