// SPDX-License-Identifier: GPL-2.0-or-later
import KernelImage
import Testing

struct ZeroPageTests {
  @Test func findsEveryByteThatIsNotZero() {
    var page = [UInt8](repeating: 0, count: 61)
    #expect(page.withUnsafeBytes { ZeroPage.isZero($0) })
    for index in page.indices {
      page[index] = 1
      #expect(!page.withUnsafeBytes { ZeroPage.isZero($0) })
      page[index] = 0
    }
    #expect(ZeroPage.isZero(UnsafeRawBufferPointer(start: nil, count: 0)))
  }
}
