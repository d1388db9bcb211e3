// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

struct CRC32Tests {
  let digits = Array("123456789".utf8)

  @Test func givesTheCheckValuesOfTheCatalogue() {
    #expect(CRC32.ieee.checksum(digits) == 0xcbf4_3926)
    #expect(CRC32.castagnoli.checksum(digits) == 0xe306_9283)
  }

  @Test func numbersAndZerosCountAsTheirBytes() {
    let crc = CRC32.castagnoli
    #expect(crc.update(7, littleEndian: 0x0403_0201) == crc.update(7, [1, 2, 3, 4]))
    #expect(crc.update(7, zerosCount: 11) == crc.update(7, [UInt8](repeating: 0, count: 11)))
  }

  @Test func isTheSameInOnePieceAndInTwo() {
    let whole = CRC32.castagnoli.update(~0, digits + digits)
    let half = CRC32.castagnoli.update(~0, digits)
    #expect(CRC32.castagnoli.update(half, digits) == whole)
  }

  @Test func writesGUIDsInBothOrders() {
    let view = ByteView([UInt8](0...15))
    #expect(GUID(view, at: 0)?.text == "00010203-0405-0607-0809-0a0b0c0d0e0f")
    #expect(GUID(mixedEndian: view, at: 0)?.text == "03020100-0504-0706-0809-0a0b0c0d0e0f")
    #expect(GUID(view, at: 1) == nil)
  }
}
