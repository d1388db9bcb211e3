// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What Linux's boot header tells of a bzImage (Documentation/arch/x86/boot.rst).
public struct BzImage: Equatable, Sendable {
  /// The number of bytes at the start of the file that the header is in.
  public static let headByteCount = 0x250

  /// The first protocol version with `payload_offset`.
  private static let protocolVersionMin: UInt16 = 0x0208
  private static let sectorByteCount: UInt64 = 512

  /// The boot protocol's version, major in the high byte.
  public let protocolVersion: UInt16
  /// `xloadflags`: how the kernel may be entered.
  public let extendedLoadFlags: UInt16
  /// Where the payload is in the file, in bytes.
  public let payloadByteOffset: UInt64
  /// The size of the payload in bytes, with the size field that most formats have after.
  public let payloadByteCount: UInt64

  /// Whether the file that starts with `head` has Linux's boot header.
  public static func isPresent(in head: ByteView) -> Bool {
    head.u16(at: 0x1fe) == 0xaa55 && head.u32(at: 0x202) == 0x5372_6448
  }

  /// Decodes the header of the file of `fileByteCount` bytes that starts with `head`.
  public init(_ head: ByteView, fileByteCount: UInt64) throws(KernelImageError) {
    guard Self.isPresent(in: head) else { throw .notAKernel }
    guard let setupSectorCount = head.u8(at: 0x1f1), let version = head.u16(at: 0x206) else {
      throw .bootHeaderTruncated(byteCount: head.count)
    }
    guard version >= Self.protocolVersionMin else { throw .bootProtocolTooOld(version: version) }
    guard let flags = head.u16(at: 0x236), let offset = head.u32(at: 0x248),
      let count = head.u32(at: 0x24c)
    else { throw .bootHeaderTruncated(byteCount: head.count) }

    // 0 stands for 4; one more sector is the boot sector itself. All terms fit into 33 bits.
    let setup = UInt64(setupSectorCount == 0 ? 4 : setupSectorCount)
    let start = (setup + 1) * Self.sectorByteCount + UInt64(offset)
    guard count > 0, start <= fileByteCount, UInt64(count) <= fileByteCount - start else {
      throw .payloadOutsideFile(
        start: start, byteCount: UInt64(count), fileByteCount: fileByteCount)
    }
    protocolVersion = version
    extendedLoadFlags = flags
    payloadByteOffset = start
    payloadByteCount = UInt64(count)
  }
}
