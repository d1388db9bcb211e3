// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

struct ByteViewTests {
  let view = ByteView([1, 2, 3, 4, 5, 6, 7, 8, 9])

  @Test func loadsLowByteFirst() {
    #expect(view.u16(at: 0) == 0x0201)
    #expect(view.u32(at: 1) == 0x0504_0302)
    #expect(view.u64(at: 1) == 0x0908_0706_0504_0302)
  }

  @Test func loadsHighByteFirst() {
    #expect(view.u16BigEndian(at: 0) == 0x0102)
    #expect(view.u32BigEndian(at: 1) == 0x0203_0405)
    #expect(view.u64BigEndian(at: 0) == 0x0102_0304_0506_0708)
  }

  @Test func givesNilPastTheEnd() {
    #expect(view.u8(at: 9) == nil)
    #expect(view.u16(at: 8) == nil)
    #expect(view.u64(at: 2) == nil)
    #expect(view.u32(at: -1) == nil)
    #expect(view.u32(at: .max) == nil)
    #expect(view.slice(at: 1, count: .max) == nil)
  }

  @Test func aSliceNeverWidens() {
    let slice = view.slice(at: 2, count: 3)
    #expect(slice?.bytes == [3, 4, 5])
    #expect(slice?.u8(at: 3) == nil)
    #expect(slice?.slice(at: 0, count: 4) == nil)
  }

  @Test func aTerminatedStringEndsAtTheFirstZero() {
    let view = ByteView([0x61, 0x62, 0, 0x63])
    #expect(view.terminatedString(at: 0, count: 4) == "ab")
    #expect(view.terminatedString(at: 0, count: 5) == nil)
  }
}
