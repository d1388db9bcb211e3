// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What Linux's boot header tells of starting a bzImage as it is, by the 64-bit boot protocol
/// (Documentation/arch/x86/boot.rst): the kernel unpacks itself.
public struct LinuxBootHeader: Equatable, Sendable {
  /// The number of bytes at the start of the file that hold the longest header.
  public static let headByteCount = 0x302

  /// The first protocol version with `xloadflags`.
  private static let protocolVersionMin: UInt16 = 0x020c
  private static let sectorByteCount: UInt64 = 512
  private static let setupHeaderOffset = 0x1f1
  /// `XLF_KERNEL_64`: the 64-bit entry is at byte 0x200.
  private static let flag64: UInt16 = 1
  /// Where the 64-bit entry is after the start of the code.
  private static let entryByteOffset: UInt64 = 0x200
  /// The end of the addresses that `ramdisk_image` and others have bits for.
  private static let addressEnd: UInt64 = 1 << 32

  /// The setup header, from byte 0x1f1 of the file to its end.
  public let setupHeader: [UInt8]
  /// Where the code is in the file, in bytes.
  public let codeByteOffset: UInt64
  /// The size of the code in bytes.
  public let codeByteCount: UInt64
  /// The addresses that the code and what it unpacks to take: from `pref_address` on.
  public let memory: Range<UInt64>
  /// The longest command line in bytes.
  public let commandLineByteCountMax: Int

  /// The address where the kernel is entered in 64-bit mode.
  public var entry: UInt64 { memory.lowerBound + Self.entryByteOffset }

  /// Decodes the header of the file of `fileByteCount` bytes that starts with `head`.
  public init(_ head: ByteView, fileByteCount: UInt64) throws(KernelImageError) {
    guard BzImage.isPresent(in: head) else { throw .notAKernel }
    guard let version = head.u16(at: 0x206) else {
      throw .bootHeaderTruncated(byteCount: head.count)
    }
    guard version >= Self.protocolVersionMin else { throw .bootProtocolTooOld(version: version) }
    guard let setupSectorCount = head.u8(at: 0x1f1), let paragraphCount = head.u32(at: 0x1f4),
      let flags = head.u16(at: 0x236), let lineByteCountMax = head.u32(at: 0x238),
      let address = head.u64(at: 0x258), let initByteCount = head.u32(at: 0x260),
      let jump = head.u8(at: 0x201),
      let setup = head.slice(
        at: Self.setupHeaderOffset, count: 0x202 + Int(jump) - Self.setupHeaderOffset)
    else { throw .bootHeaderTruncated(byteCount: head.count) }
    guard flags & Self.flag64 != 0 else { throw .no64BitEntry }

    // 0 stands for 4; one more sector is the boot sector itself. All terms fit into 37 bits.
    let start = (UInt64(setupSectorCount == 0 ? 4 : setupSectorCount) + 1) * Self.sectorByteCount
    let byteCount = UInt64(paragraphCount) * 16
    // `syssize` counts paragraphs: the last one may not be whole in the file.
    guard byteCount > Self.entryByteOffset, start <= fileByteCount,
      byteCount <= fileByteCount - start + 15
    else {
      throw .payloadOutsideFile(start: start, byteCount: byteCount, fileByteCount: fileByteCount)
    }
    guard UInt64(initByteCount) >= byteCount else {
      throw .bootCodeTooLarge(byteCount: byteCount, byteCountMax: UInt64(initByteCount))
    }
    guard UInt64(initByteCount) <= LoadLayout.memoryByteCountMax else {
      throw .kernelTooLarge(
        byteCount: UInt64(initByteCount), byteCountMax: LoadLayout.memoryByteCountMax)
    }
    guard address % 4096 == 0, let end = Checked.sum(address, UInt64(initByteCount)),
      end <= Self.addressEnd
    else { throw .addressOverflow(physicalAddress: address) }
    setupHeader = setup.bytes
    codeByteOffset = start
    codeByteCount = min(byteCount, fileByteCount - start)
    memory = address..<end
    commandLineByteCountMax = Int(lineByteCountMax)
  }
}
