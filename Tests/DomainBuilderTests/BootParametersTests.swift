// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CLinux
import DomainBuilder
import KernelImage
import Testing

/// Linux's own header says what the kernel will read.
struct BootParametersTests {
  private func header() throws -> LinuxBootHeader {
    var head = [UInt8](repeating: 0, count: LinuxBootHeader.headByteCount)
    func store(_ value: UInt64, _ offset: Int, _ count: Int) {
      for index in 0..<count {
        head[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    store(0x400, 0x1f4, 4)
    store(0xaa55, 0x1fe, 2)
    store(0x6a, 0x201, 1)
    store(0x5372_6448, 0x202, 4)
    store(0x20f, 0x206, 2)
    store(1, 0x211, 1)
    store(1, 0x236, 2)
    store(64, 0x238, 4)
    store(0x100_0000, 0x258, 8)
    store(0x300_0000, 0x260, 4)
    return try LinuxBootHeader(ByteView(head), fileByteCount: 1 << 20)
  }

  private let map = [
    HVMMemoryRegion(address: 0, byteCount: 0x1000_0000),
    HVMMemoryRegion(address: 0xfc00_0000, byteCount: 0x2000, type: 3),
  ]

  @Test func tellsLinuxWhereEverythingIs() throws {
    let parameters = BootParameters(
      header: try header(), rsdpAddress: 0xfc00_8000, memoryMap: map,
      ramdisk: 0x500_0000..<0x512_3457, commandLine: "root=/dev/xvda1 ro")
    let bytes = parameters.bytes(at: 0x30_0000)
    let page = bytes.withUnsafeBytes { $0.loadUnaligned(as: boot_params.self) }
    #expect(MemoryLayout<boot_params>.size == 4096)
    #expect(page.hdr.header == 0x5372_6448)
    #expect(page.hdr.version == 0x20f)
    #expect(page.hdr.type_of_loader == 0xff)
    #expect(page.hdr.loadflags == 1)
    #expect(page.hdr.code32_start == 0x100_0000)
    #expect(page.hdr.pref_address == 0x100_0000)
    #expect(page.hdr.init_size == 0x300_0000)
    #expect(page.hdr.ramdisk_image == 0x500_0000)
    #expect(page.hdr.ramdisk_size == 0x12_3457)
    #expect(page.acpi_rsdp_addr == 0xfc00_8000)
    #expect(page.e820_entries == 2)
    #expect(page.e820_table.0.size == 0x1000_0000)
    #expect(page.e820_table.0.type == 1)
    #expect(page.e820_table.1.addr == 0xfc00_0000)
    #expect(page.e820_table.1.size == 0x2000)
    #expect(page.e820_table.1.type == 3)
    #expect(page.ext_ramdisk_image == 0)
    #expect(page.sentinel == 0)
    let line = bytes[Int(page.hdr.cmd_line_ptr - 0x30_0000)...]
    #expect(Array(line) == Array("root=/dev/xvda1 ro".utf8) + [0])
  }

  @Test func tellsOfNoRamdiskWhereThereIsNone() throws {
    let parameters = BootParameters(
      header: try header(), rsdpAddress: 0, memoryMap: map, ramdisk: nil, commandLine: "")
    let page = parameters.bytes(at: 0).withUnsafeBytes { $0.loadUnaligned(as: boot_params.self) }
    #expect(page.hdr.ramdisk_image == 0)
    #expect(page.hdr.ramdisk_size == 0)
  }

  @Test func knowsItsSizeAndLimits() throws {
    let header = try header()
    let count = try BootParameters.byteCount(header, regionCount: 128, commandLineByteCount: 64)
    #expect(count == 4096 + 65)
    #expect(throws: DomainBuilderError.commandLineTooLong(byteCount: 65, byteCountMax: 64)) {
      try BootParameters.byteCount(header, regionCount: 1, commandLineByteCount: 65)
    }
    #expect(
      throws: DomainBuilderError.memoryMapTooLong(entryCount: 129, entryCountMax: 128)
    ) { try BootParameters.byteCount(header, regionCount: 129, commandLineByteCount: 1) }
  }
}
