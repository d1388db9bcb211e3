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

  /// A module: an initial ramdisk, say.
  public struct Module: Equatable, Sendable {
    /// The addresses from its first byte to the one behind its last.
    public var addresses: Range<UInt64>
    /// Its own command line; Linux takes no notice of it.
    public var commandLine: ByteString

    /// A module.
    public init(_ addresses: Range<UInt64>, commandLine: ByteString = "") {
      self.addresses = addresses
      self.commandLine = commandLine
    }
  }

  /// `SIF_*`, as the loader was given them.
  public var flags: UInt32
  /// The address of ACPI's root pointer, as the loader was given it; 0 for none.
  public var rsdpAddress: UInt64
  /// The memory map, as Xen gave it.
  public var memoryMap: [HVMMemoryRegion]
  /// The modules; Linux takes the first one as its initial ramdisk.
  public var modules: [Module]
  /// The command line.
  public var commandLine: ByteString

  /// A start info.
  public init(
    flags: UInt32, rsdpAddress: UInt64, memoryMap: [HVMMemoryRegion], modules: [Module],
    commandLine: ByteString
  ) {
    self.flags = flags
    self.rsdpAddress = rsdpAddress
    self.memoryMap = memoryMap
    self.modules = modules
    self.commandLine = commandLine
  }

  /// The size of the block for so many entries and these command lines; throws if a limit is
  /// passed.
  public static func byteCount(
    regionCount: Int, moduleLines: [ByteString], commandLine: ByteString
  ) throws(DomainBuilderError) -> UInt64 {
    guard regionCount <= regionCountMax else {
      throw .memoryMapTooLong(entryCount: regionCount, entryCountMax: regionCountMax)
    }
    guard moduleLines.count <= moduleCountMax else {
      throw .tooManyModules(count: moduleLines.count, countMax: moduleCountMax)
    }
    var byteCount =
      headByteCount + moduleByteCount * moduleLines.count
      + HVMMemoryRegion.byteCount * regionCount
    for line in [commandLine] + moduleLines {
      guard line.count <= commandLineByteCountMax else {
        throw .commandLineTooLong(byteCount: line.count, byteCountMax: commandLineByteCountMax)
      }
      byteCount += line.count + 1
    }
    return UInt64(byteCount)
  }

  /// The block's bytes when it is at `address`: the structure, the lists, the command line, and
  /// those of the modules.
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
    var moduleLine = line + UInt64(commandLine.count + 1)
    for module in modules {
      bytes.appendLittleEndian(module.addresses.lowerBound)
      bytes.appendLittleEndian(module.addresses.upperBound - module.addresses.lowerBound)
      bytes.appendLittleEndian(module.commandLine.isEmpty ? 0 : moduleLine)
      bytes.appendLittleEndian(0 as UInt64)
      moduleLine += UInt64(module.commandLine.count + 1)
    }
    for region in memoryMap {
      bytes.appendLittleEndian(region.address)
      bytes.appendLittleEndian(region.byteCount)
      bytes.appendLittleEndian(region.type)
      bytes.appendLittleEndian(0 as UInt32)
    }
    for text in [commandLine] + modules.map({ $0.commandLine }) { bytes += text.bytes + [0] }
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
