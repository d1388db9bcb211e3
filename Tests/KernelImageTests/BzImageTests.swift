// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct BzImageTests {
  let good = ELFBuilder.bzImage([UInt8](repeating: 1, count: 1000))

  private func parse(_ change: (inout [UInt8]) -> Void) throws -> BzImage {
    var bytes = good
    change(&bytes)
    return try BzImage(ByteView(bytes), fileByteCount: UInt64(bytes.count))
  }

  @Test func readsTheHeader() throws {
    let image = try parse { _ in }
    #expect(image.protocolVersion == 0x20f)
    #expect(image.extendedLoadFlags == 0x3f)
    #expect(image.payloadByteOffset == 28 * 512 + 0x300)
    #expect(image.payloadByteCount == 1000)
  }

  @Test func noSetupSectorsStandForFour() throws {
    #expect(try parse { $0[0x1f1] = 0 }.payloadByteOffset == 5 * 512 + 0x300)
  }

  @Test func refusesWhatHasNoSignature() {
    #expect(throws: KernelImageError.notAKernel) { try parse { $0[0x1fe] = 0 } }
    #expect(throws: KernelImageError.notAKernel) { try parse { $0[0x202] = 0x41 } }
    #expect(!BzImage.isPresent(in: ByteView([])))
  }

  @Test func refusesAnOldProtocol() {
    #expect(throws: KernelImageError.bootProtocolTooOld(version: 0x207)) {
      try parse {
        $0[0x206] = 7; $0[0x207] = 2
      }
    }
    #expect(
      KernelImageError.bootProtocolTooOld(version: 0x207).message
        == "bzImage of boot protocol 2.7, 2.8 or newer is needed")
  }

  @Test func refusesAHeaderThatIsCutOff() {
    for count in [0x206, 0x236, 0x24f] {
      #expect(throws: KernelImageError.bootHeaderTruncated(byteCount: count)) {
        try parse { $0.removeLast($0.count - count) }
      }
    }
  }

  @Test func refusesAPayloadOutsideTheFile() {
    let size = UInt64(good.count)
    #expect(
      throws: KernelImageError.payloadOutsideFile(
        start: 15104, byteCount: 6001, fileByteCount: size)
    ) { try parse { $0.store(6001, at: 0x24c, count: 4) } }
    #expect(
      throws: KernelImageError.payloadOutsideFile(
        start: 28 * 512 + 0xffff_ffff, byteCount: 1000, fileByteCount: size)
    ) { try parse { $0.store(0xffff_ffff, at: 0x248, count: 4) } }
    #expect(
      throws: KernelImageError.payloadOutsideFile(
        start: 15104, byteCount: 0, fileByteCount: size)
    ) { try parse { $0.store(0, at: 0x24c, count: 4) } }
  }
}
