// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import KernelImage

/// Linux's `boot_params` ("zero page", asm/bootparam.h and Documentation/arch/x86/zero-page.rst)
/// for the 64-bit boot protocol, with the command line behind it.
public struct BootParameters: Equatable, Sendable {
  /// The size of `boot_params` in bytes.
  public static let pageByteCount = 4096
  /// The most entries of its memory map.
  public static let regionCountMax = 128

  private enum Offset {
    static let rsdp = 0x70
    static let regionCount = 0x1e8
    static let setupHeader = 0x1f1
    static let loaderType = 0x210
    static let codeStart = 0x214
    static let ramdiskAddress = 0x218
    static let ramdiskByteCount = 0x21c
    static let commandLine = 0x228
    static let regions = 0x2d0
  }
  private static let regionByteCount = 20
  /// `type_of_loader` of a loader without a number of its own.
  private static let loaderType: UInt8 = 0xff

  /// The kernel.
  public var header: LinuxBootHeader
  /// The address of ACPI's root pointer; 0 for none.
  public var rsdpAddress: UInt64
  /// The memory map, as Xen gave it: its types are those of a PC's firmware.
  public var memoryMap: [HVMMemoryRegion]
  /// The addresses of the initial ramdisk; nil if there is none.
  public var ramdisk: Range<UInt64>?
  /// The command line.
  public var commandLine: ByteString

  /// Boot parameters.
  public init(
    header: LinuxBootHeader, rsdpAddress: UInt64, memoryMap: [HVMMemoryRegion],
    ramdisk: Range<UInt64>?, commandLine: ByteString
  ) {
    self.header = header
    self.rsdpAddress = rsdpAddress
    self.memoryMap = memoryMap
    self.ramdisk = ramdisk
    self.commandLine = commandLine
  }

  /// The size of the whole block; throws if the kernel can't take so much.
  public static func byteCount(
    _ header: LinuxBootHeader, regionCount: Int, commandLineByteCount: Int
  ) throws(DomainBuilderError) -> UInt64 {
    guard commandLineByteCount <= header.commandLineByteCountMax else {
      throw .commandLineTooLong(
        byteCount: commandLineByteCount, byteCountMax: header.commandLineByteCountMax)
    }
    guard regionCount <= regionCountMax else {
      throw .memoryMapTooLong(entryCount: regionCount, entryCountMax: regionCountMax)
    }
    return UInt64(pageByteCount + commandLineByteCount + 1)
  }

  /// The block's bytes when it is at `address`, which is below 4 GiB as the ramdisk is.
  public func bytes(at address: UInt64) -> [UInt8] {
    precondition(memoryMap.count <= Self.regionCountMax, "planned for fewer entries")
    var page = [UInt8](repeating: 0, count: Self.pageByteCount)
    func store(_ value: UInt64, _ offset: Int, byteCount: Int) {
      for index in 0..<byteCount {
        page[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    // At most 0x111 bytes from 0x1f1 on: their count is a byte of the file.
    for (index, byte) in header.setupHeader.prefix(0x111).enumerated() {
      page[Offset.setupHeader + index] = byte
    }
    store(rsdpAddress, Offset.rsdp, byteCount: 8)
    page[Offset.loaderType] = Self.loaderType
    store(header.memory.lowerBound, Offset.codeStart, byteCount: 4)
    store(ramdisk?.lowerBound ?? 0, Offset.ramdiskAddress, byteCount: 4)
    let ramdiskByteCount = ramdisk.map { $0.upperBound - $0.lowerBound } ?? 0
    store(ramdiskByteCount, Offset.ramdiskByteCount, byteCount: 4)
    store(address + UInt64(Self.pageByteCount), Offset.commandLine, byteCount: 4)
    store(UInt64(memoryMap.count), Offset.regionCount, byteCount: 1)
    for (index, region) in memoryMap.enumerated() {
      let offset = Offset.regions + Self.regionByteCount * index
      store(region.address, offset, byteCount: 8)
      store(region.byteCount, offset + 8, byteCount: 8)
      store(UInt64(region.type), offset + 16, byteCount: 4)
    }
    return page + commandLine.bytes + [0]
  }
}
