// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen
import StubMachine

/// How entries of page tables are written: by hypercalls in PV, where Xen checks each; directly in
/// PVH. `AddressSpace` knows which entries.
///
/// In PVH tables may lie above 4 GiB and are mapped nowhere: each is seen through the scratch page
/// of the image, whose own entry is in a table inside the image.
enum PageTables {
  /// The tables at `minios_boot_tables`, by page: `MINIOS_BOOT_TABLE_COUNT` of them.
  private enum BootTable {
    static let l4: UInt64 = 0
    /// The L3 that maps everything below 4 GiB to itself, by large pages.
    static let wideL3: UInt64 = 1
    /// The L3, L2 and three L1 that map the image alone, by small pages.
    static let imageL3: UInt64 = 6
    static let imageL2: UInt64 = 7
    static let imageL1: UInt64 = 8
  }
  /// Where the image's L1 tables end: 6 MiB. The linker script keeps the image below 5 MiB.
  private static let imageEnd: UInt64 = 3 << 21

  /// Sets the entry that maps `address`, a page of the image or one whose L1 table exists, and
  /// forgets the old translation. The result is negative for an error.
  @discardableResult
  static func setMapping(_ address: UInt64, entry: UInt64) -> Int64 {
    switch StubDomain.mode {
    case .pv: return Hypercall.updateMapping(address, entry: entry)
    case .pvh:
      if address < imageEnd {
        setBootEntry(BootTable.imageL1, Int(address >> 12), entry)
      } else if !AddressSpace.set(address, count: 1, entry: { _ in entry }) {
        return -1
      }
      minios_flush_page(address)
      return 0
    }
  }

  /// Writes entries: `count` pairs of an entry's machine address and its value, as `mmu_update` has
  /// them. The result is negative for an error. Old translations are not forgotten.
  static func apply(_ requests: UnsafeMutablePointer<UInt64>, count: Int) -> Int64 {
    switch StubDomain.mode {
    case .pv: return Hypercall.updatePageTables(requests, count: count)
    case .pvh:
      let scratch = minios_scratch_page()
      guard let table = UnsafeMutablePointer<UInt64>(bitPattern: UInt(scratch)) else { return -1 }
      var shown: UInt64 = .max
      for index in 0..<count {
        let address = requests[2 * index]
        if address >> 12 != shown {
          shown = address >> 12
          setMapping(scratch, entry: shown << 12 | AddressSpace.Entry.memory)
        }
        // SAFETY: the table's page is mapped at `scratch`, and the index is below 512.
        table[Int(address >> 3 & 511)] = requests[2 * index + 1]
      }
      setMapping(scratch, entry: 0)
      return 0
    }
  }

  /// Forgets all translations.
  static func flush() {
    switch StubDomain.mode {
    case .pv: Hypercall.extended(MMUEXT_TLB_FLUSH_LOCAL, argument: 0)
    case .pvh: minios_flush_all()
    }
  }

  // MARK: PVH: the tables in the image

  /// The frame of the L4 table in the image.
  static var bootL4Frame: UInt64 { frame(BootTable.l4) }

  private static func frame(_ table: UInt64) -> UInt64 {
    UInt64(UInt(bitPattern: minios_boot_tables())) >> 12 + table
  }

  /// Entry `index` of the tables from `table` on, which lie side by side.
  private static func setBootEntry(_ table: UInt64, _ index: Int, _ value: UInt64) {
    // SAFETY: tables are pages of the image, and callers stay inside them.
    minios_boot_tables()[Int(table) * 512 + index] = value
  }

  /// Leaves the tables of the entry for those that map the image alone, each part with its own
  /// protection (decision 11): code can't be written, data can't be executed, and the page under
  /// the stack is not there.
  static func narrow() {
    let readOnly = AddressSpace.Entry.readOnly
    for frame in minios_text_start() >> 12..<minios_image_end() >> 12 {
      let address = frame << 12
      let bits =
        if address < minios_text_end() {
          AddressSpace.Entry.code
        } else if address < minios_rodata_end() { readOnly } else { AddressSpace.Entry.memory }
      let entry = address == minios_stack_guard() ? 0 : address | bits
      setBootEntry(BootTable.imageL1, Int(frame), entry)
    }
    for index in 0..<imageEnd >> 21 {
      let l1 = frame(BootTable.imageL1 + index)
      setBootEntry(BootTable.imageL2, Int(index), l1 << 12 | AddressSpace.Entry.table)
    }
    let l2 = frame(BootTable.imageL2)
    setBootEntry(BootTable.imageL3, 0, l2 << 12 | AddressSpace.Entry.table)
    use(BootTable.imageL3)
  }

  /// Goes back to the tables of the entry: everything below 4 GiB is at its own address again,
  /// readable, writable and executable. What lies at `AddressSpace.windowStart` and above stays.
  static func widen() { use(BootTable.wideL3) }

  private static func use(_ l3: UInt64) {
    setBootEntry(BootTable.l4, 0, frame(l3) << 12 | AddressSpace.Entry.table)
    flush()
  }
}
