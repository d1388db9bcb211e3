// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen
import DomainBuilder
import Testing

/// Xen's own header says what the kernel will read.
struct HVMStartInfoTests {
  private let address: UInt64 = 0x30_0000

  private func startInfo(modules: [HVMStartInfo.Module], line: ByteString = "root=/dev/xvda1 ro")
    -> HVMStartInfo
  {
    HVMStartInfo(
      flags: 0x11, rsdpAddress: 0xfc00_8000,
      memoryMap: [
        HVMMemoryRegion(address: 0, byteCount: 0x1000_0000),
        HVMMemoryRegion(address: 0xfc00_0000, byteCount: 0x2000, type: 3),
      ], modules: modules, commandLine: line)
  }

  private func load<Value>(_ type: Value.Type, _ bytes: [UInt8], at place: UInt64) -> Value {
    bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: Int(place - address), as: type)
    }
  }

  @Test func tellsTheKernelWhereEverythingIs() throws {
    let info = startInfo(modules: [
      .init(0x500_0000..<0x500_1001), .init(0x600_0000..<0x700_0000, commandLine: "policy x"),
    ])
    let bytes = info.bytes(at: address)
    let head = load(hvm_start_info.self, bytes, at: address)
    #expect(head.magic == XEN_HVM_START_MAGIC_VALUE)
    #expect(head.version == 1)
    #expect(head.flags == 0x11)
    #expect(head.nr_modules == 2)
    #expect(head.rsdp_paddr == 0xfc00_8000)
    #expect(head.memmap_entries == 2)
    #expect(head.reserved == 0)
    let first = load(hvm_modlist_entry.self, bytes, at: head.modlist_paddr)
    #expect(first.paddr == 0x500_0000)
    #expect(first.size == 0x1001)
    #expect(first.cmdline_paddr == 0)
    let second = load(hvm_modlist_entry.self, bytes, at: head.modlist_paddr + 32)
    #expect(second.paddr == 0x600_0000)
    #expect(second.size == 0x100_0000)
    let text = bytes[Int(second.cmdline_paddr - address)...]
    #expect(Array(text) == Array("policy x".utf8) + [0])
    let region = load(hvm_memmap_table_entry.self, bytes, at: head.memmap_paddr + 24)
    #expect(region.addr == 0xfc00_0000)
    #expect(region.size == 0x2000)
    #expect(region.type == 3)
    let line = bytes[Int(head.cmdline_paddr - address)...].prefix { $0 != 0 }
    #expect(Array(line) + [0] == Array("root=/dev/xvda1 ro".utf8) + [0])
  }

  @Test func hasNoListWhereThereIsNothing() {
    var info = startInfo(modules: [], line: "")
    info.memoryMap = []
    let bytes = info.bytes(at: address)
    let head = load(hvm_start_info.self, bytes, at: address)
    #expect(head.nr_modules == 0)
    #expect(head.modlist_paddr == 0)
    #expect(head.memmap_paddr == 0)
    #expect(bytes.count == 65)
  }

  @Test func knowsItsSize() throws {
    for line in ["", "quiet", String(repeating: "x", count: 5000)] as [String] {
      let info = startInfo(
        modules: [.init(0..<1, commandLine: "m"), .init(1..<2)], line: ByteString(line))
      let count = try HVMStartInfo.byteCount(
        regionCount: 2, moduleLines: ["m", ""], commandLine: ByteString(line))
      #expect(UInt64(info.bytes(at: address).count) == count)
    }
  }

  @Test func refusesWhatIsBeyondItsLimits() {
    let long = ByteString([UInt8](repeating: 0x78, count: 32769))
    let tooLong = DomainBuilderError.commandLineTooLong(byteCount: 32769, byteCountMax: 32768)
    #expect(throws: tooLong) {
      try HVMStartInfo.byteCount(regionCount: 1, moduleLines: [], commandLine: long)
    }
    #expect(throws: tooLong) {
      try HVMStartInfo.byteCount(regionCount: 1, moduleLines: [long], commandLine: "")
    }
    #expect(
      throws: DomainBuilderError.memoryMapTooLong(entryCount: 1025, entryCountMax: 1024)
    ) { try HVMStartInfo.byteCount(regionCount: 1025, moduleLines: [], commandLine: "") }
    #expect(throws: DomainBuilderError.tooManyModules(count: 65, countMax: 64)) {
      try HVMStartInfo.byteCount(
        regionCount: 1, moduleLines: [ByteString](repeating: "", count: 65), commandLine: "")
    }
  }
}
