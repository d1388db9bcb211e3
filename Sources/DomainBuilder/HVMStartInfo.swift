// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What tells a PVH guest where everything is (xen/include/public/arch-x86/hvm/start_info.h), with
/// the lists and the command line that it points to, all in one block of memory.
public struct HVMStartInfo: Equatable, Sendable {
  /// `XEN_HVM_START_MAGIC_VALUE`.
  public static let magic: UInt32 = 0x336e_c578
  /// The longest command line in bytes; Xen has no limit, and Linux takes 2047.
  public static let commandLineByteCountMax = 32768
  /// The most entries of a memory map; Xen's own limit (`E820MAX`) is 128 or 1024.
  public static let regionCountMax = 1024
  /// The most modules.
  public static let moduleCountMax = 64

  /// The version with a memory map.
  private static let version: UInt32 = 1
  /// `struct hvm_start_info` is 56 bytes; the lists start at a multiple of 64.
  private static let headByteCount = 64
  private static let moduleByteCount = 32

  /// `SIF_*`, as the loader was given them.
  public var flags: UInt32
  /// The address of ACPI's root pointer, as the loader was given it; 0 for none.
  public var rsdpAddress: UInt64
  /// The memory map, as Xen gave it.
  public var memoryMap: [HVMMemoryRegion]
  /// The addresses of the modules' first bytes up to those behind the last.
  public var modules: [Range<UInt64>]
  /// The command line.
  public var commandLine: ByteString

  /// A start info.
  public init(
    flags: UInt32, rsdpAddress: UInt64, memoryMap: [HVMMemoryRegion], modules: [Range<UInt64>],
    commandLine: ByteString
  ) {
    self.flags = flags
    self.rsdpAddress = rsdpAddress
    self.memoryMap = memoryMap
    self.modules = modules
    self.commandLine = commandLine
  }

  /// The size of the block for so many entries and bytes; throws if a limit is passed.
  public static func byteCount(
    regionCount: Int, moduleCount: Int, commandLineByteCount: Int
  ) throws(DomainBuilderError) -> UInt64 {
    guard commandLineByteCount <= commandLineByteCountMax else {
      throw .commandLineTooLong(
        byteCount: commandLineByteCount, byteCountMax: commandLineByteCountMax)
    }
    guard regionCount <= regionCountMax else {
      throw .memoryMapTooLong(entryCount: regionCount, entryCountMax: regionCountMax)
    }
    guard moduleCount <= moduleCountMax else {
      throw .tooManyModules(count: moduleCount, countMax: moduleCountMax)
    }
    return UInt64(
      headByteCount + moduleByteCount * moduleCount + HVMMemoryRegion.byteCount * regionCount
        + commandLineByteCount + 1)
  }

  /// The block's bytes when it is at `address`.
  public func bytes(at address: UInt64) -> [UInt8] {
    let moduleList = address + UInt64(Self.headByteCount)
    let regionList = moduleList + UInt64(Self.moduleByteCount * modules.count)
    let line = regionList + UInt64(HVMMemoryRegion.byteCount * memoryMap.count)
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(Self.magic)
    bytes.appendLittleEndian(Self.version)
    bytes.appendLittleEndian(flags)
    bytes.appendLittleEndian(UInt32(modules.count))
    bytes.appendLittleEndian(modules.isEmpty ? 0 : moduleList)
    bytes.appendLittleEndian(line)
    bytes.appendLittleEndian(rsdpAddress)
    bytes.appendLittleEndian(memoryMap.isEmpty ? 0 : regionList)
    bytes.appendLittleEndian(UInt32(memoryMap.count))
    bytes += [UInt8](repeating: 0, count: Self.headByteCount - bytes.count)
    for module in modules {
      bytes.appendLittleEndian(module.lowerBound)
      bytes.appendLittleEndian(module.upperBound - module.lowerBound)
      bytes.appendLittleEndian(0 as UInt64)
      bytes.appendLittleEndian(0 as UInt64)
    }
    for region in memoryMap {
      bytes.appendLittleEndian(region.address)
      bytes.appendLittleEndian(region.byteCount)
      bytes.appendLittleEndian(region.type)
      bytes.appendLittleEndian(0 as UInt32)
    }
    bytes += commandLine.bytes
    bytes.append(0)
    return bytes
  }
}

extension [UInt8] {
  /// Appends the bytes of `value`, the lowest first.
  mutating func appendLittleEndian<Number: FixedWidthInteger & UnsignedInteger>(_ value: Number) {
    for index in 0..<Number.bitWidth / 8 {
      append(UInt8(truncatingIfNeeded: value >> Number(8 * index)))
    }
  }
}
