// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen
import StubMachine
import Testing

@testable import MiniOS

extension MiniOSOnFakeXen {
  /// The page that Xen shares with the domain: time and pending events.
  struct ClockTests {
    private func setTime(
      _ xen: FakeXen, version: UInt32 = 2, stamp: UInt64, base: UInt64, factor: UInt32, shift: Int8
    ) {
      let record = xen.sharedInfo + 32
      record.storeBytes(of: version, as: UInt32.self)
      record.storeBytes(of: stamp, toByteOffset: 8, as: UInt64.self)
      record.storeBytes(of: base, toByteOffset: 16, as: UInt64.self)
      record.storeBytes(of: factor, toByteOffset: 24, as: UInt32.self)
      record.storeBytes(of: shift, toByteOffset: 28, as: Int8.self)
    }

    @Test(arguments: [(0, 1), (1, 2), (3, 8), (-1, 0.5), (-3, 0.125)] as [(Int8, Double)])
    func countsFromXensTimeRecord(shift: Int8, factor: Double) {
      FakeXen.inBoth { xen, machine in
        // A quarter of a nanosecond for each tick, times two to the shift.
        let stamp = Clock.timeStamp
        setTime(xen, stamp: stamp, base: 5_000_000, factor: 0x4000_0000, shift: shift)
        let before = Clock.timeStamp &- stamp
        let now = machine.now
        let after = Clock.timeStamp &- stamp
        #expect(now >= 5_000_000 + UInt64(Double(before) * factor / 4) - 1)
        #expect(now <= 5_000_000 + UInt64(Double(after) * factor / 4) + 1)
      }
    }

    @Test func keepsAProductOfMoreThan64Bits() {
      FakeXen.inPV { xen, machine in
        let stamp = Clock.timeStamp &- 1 << 40
        setTime(xen, stamp: stamp, base: 0, factor: .max, shift: 0)
        let now = machine.now
        #expect(now > 1 << 40 - 1 << 12)
        #expect(now < 1 << 42)
      }
    }

    @Test func givesUpOnARecordThatIsAlwaysBeingChanged() {
      FakeXen.inPV { xen, machine in
        setTime(xen, version: 3, stamp: 0, base: 7, factor: 1, shift: 0)
        #expect(machine.now == 0)
        setTime(xen, version: 4, stamp: Clock.timeStamp, base: 7, factor: 0, shift: 0)
        #expect(machine.now == 7)
      }
    }

    @Test func clearsThePendingBitOfOnePort() {
      FakeXen.inBoth { xen, machine in
        for index in 0..<64 {
          xen.sharedInfo.storeBytes(of: .max, toByteOffset: 2048 + 8 * index, as: UInt64.self)
        }
        func pending(_ index: Int) -> UInt64 {
          xen.sharedInfo.load(fromByteOffset: 2048 + 8 * index, as: UInt64.self)
        }
        machine.clearPending(port: 0)
        machine.clearPending(port: 65)
        machine.clearPending(port: 4095)
        machine.clearPending(port: 4096)
        machine.clearPending(port: .max)
        #expect(pending(0) == ~1)
        #expect(pending(1) == ~2)
        #expect(pending(63) == .max >> 1)
        #expect((2..<63).allSatisfy { pending($0) == .max })
        #expect(StubDomain.sharedInfoPage.map { UInt64(UInt(bitPattern: $0)) } == 260 << 12)
      }
    }

    @Test func findsTheAddressOfAPageFault() {
      FakeXen.inPV { xen, _ in
        xen.sharedInfo.storeBytes(of: 0x1234, toByteOffset: 16, as: UInt64.self)
        #expect(Traps.faultAddress == 0x1234)
      }
      FakeXen.inPVH(.pvh()) { _, _ in
        minios_host().pointee.fault_address = 0x4567
        #expect(Traps.faultAddress == 0x4567)
      }
    }

    @Test func doesWithoutThePageOnceItIsGone() {
      FakeXen.inPV { xen, machine in
        SharedInfo.stop()
        #expect(StubDomain.sharedInfoPage == nil)
        #expect(machine.now == 0)
        #expect(SharedInfo.faultAddress == 0)
        xen.sharedInfo.storeBytes(of: 1, as: UInt8.self)
        machine.clearPending(port: 1)
        SharedInfo.clearAllPending()
        #expect(xen.sharedInfo.load(as: UInt8.self) == 1)
      }
    }
  }
}
