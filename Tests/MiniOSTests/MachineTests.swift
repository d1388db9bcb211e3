// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine
import Testing
import XenFrontends

@testable import MiniOS

extension MiniOSOnFakeXen {
  /// The seam of MiniOS: frames, mappings, events, grants.
  struct MachineTests {
    private func word(_ address: UInt64) -> UInt64? {
      UnsafePointer<UInt64>(bitPattern: UInt(address))?.pointee
    }

    private func store(_ value: UInt64, _ address: UInt64) {
      UnsafeMutablePointer<UInt64>(bitPattern: UInt(address))?.pointee = value
    }

    private func storage(_ xen: FakeXen, _ frame: UInt64) throws -> Int {
      try #require(xen.storage(ofMachine: AddressSpace.machineFrame(of: frame)))
    }

    @Test func mapsFramesAcrossTheBordersOfTables() throws {
      try FakeXen.inBoth { xen, machine in
        let before = xen.accounted
        let frames = try #require(machine.takeFrameRun(countMax: 1100))
        #expect(frames.count == 1100)
        let address = machine.window.lowerBound + 0x1f_d000
        #expect(machine.map(frames, at: address, .readWrite))
        for step in [0, 2, 3, 514, 515, 1099] as [UInt64] {
          store(0x1234 + step, address + step << 12)
          let storage = try storage(xen, frames.lowerBound + step)
          #expect(xen.words(storage)[0] == 0x1234 + step)
          #expect(xen.access(address + step << 12) == "rw")
        }
        #expect(xen.access(address - 4096) == "none")
        #expect(xen.access(address + 1100 << 12) == "none")
        machine.unmap(address, count: 1100)
        #expect(xen.access(address + 515 << 12) == "none")
        machine.giveBack(frames)
        #expect(xen.accounted == before)
        #expect(xen.problems() == [])
      }
    }

    @Test func letsAPageBeUsedAsWasAsked() throws {
      try FakeXen.inBoth { xen, machine in
        let frames = try #require(machine.takeFrameRun(countMax: 1))
        let address = machine.window.lowerBound
        for (access, expected) in [(PageAccess.readOnly, "r"), (.readWrite, "rw"), (.all, "rwx")] {
          #expect(machine.map(frames, at: address, access))
          AddressSpace.flush()
          #expect(xen.access(address) == expected)
        }
      }
    }

    @Test func showsOneFrameAtManyPages() throws {
      try FakeXen.inBoth { xen, machine in
        let frames = try #require(machine.takeFrameRun(countMax: 2))
        let address = machine.window.lowerBound + 510 << 12
        #expect(machine.map(repeating: frames.lowerBound, count: 4, at: address, .readWrite))
        store(77, address)
        #expect((0..<4).allSatisfy { word(address + $0 << 12) == 77 })
        #expect(machine.map(repeating: frames.lowerBound + 1, count: 4, at: address, .readOnly))
        #expect((0..<4).allSatisfy { word(address + $0 << 12) == 0 })
        #expect(xen.access(address + 2 << 12) == "r")
      }
    }

    @Test func writesAndZeroesFramesThatAreMappedNowhere() throws {
      try FakeXen.inBoth { xen, machine in
        // More than the window has pages.
        let frames = try #require(machine.takeFrameRun(countMax: 300))
        for frame in frames {
          #expect(machine.write(frame) { $0.storeBytes(of: ~frame, as: UInt64.self) })
        }
        for frame in frames {
          let storage = try storage(xen, frame)
          #expect(xen.words(storage)[0] == ~frame)
          #expect(xen.mappedCount[storage] == 0)
          xen.words(storage)[511] = 1
        }
        #expect(machine.zero(frames))
        for frame in frames {
          let storage = try storage(xen, frame)
          #expect(xen.words(storage)[0] == 0 && xen.words(storage)[511] == 0)
          #expect(xen.mappedCount[storage] == 0)
        }
        machine.giveBack(frames)
        #expect(xen.problems() == [])
      }
    }

    @Test func sharesZeroedPagesAndNamesTheirFrames() throws {
      try FakeXen.inBoth { xen, machine in
        let before = xen.accounted
        let pages = try machine.allocateSharedPages(count: 600)
        #expect(pages.frames.count == 600)
        let start = UInt64(UInt(bitPattern: pages.address))
        for index in [0, 1, 511, 512, 599] {
          store(UInt64(index) + 9, start + UInt64(index) << 12)
          let machineFrame = machine.grantableFrame(pages.frames[index])
          let storage = try #require(xen.storage(ofMachine: machineFrame))
          #expect(xen.words(storage)[0] == UInt64(index) + 9)
          #expect(machine.frame(ofMachine: machineFrame) == pages.frames[index])
        }
        #expect(machine.heldFrames.heap == 600)
        machine.release(pages)
        #expect(machine.heldFrames.heap == 0)
        let again = try machine.allocateSharedPages(count: 600)
        #expect((0..<600).allSatisfy { word(start + $0 << 12) == 0 })
        machine.release(again)
        #expect(xen.accounted == before)
        #expect(throws: HypervisorError.outOfMemory(pageCount: 5000)) {
          try machine.allocateSharedPages(count: 5000)
        }
      }
    }

    @Test func growsTheGrantTable() throws {
      try FakeXen.inBoth { xen, machine in
        let size = try machine.grantTableSize()
        #expect(size == (1, 32))
        for count in [1, 3, 2] {
          let table = try machine.mapGrantTable(frameCount: count)
          #expect(UInt64(UInt(bitPattern: table)) == AddressSpace.grantTableStart)
          table.storeBytes(of: UInt64(count), toByteOffset: (count - 1) * 4096, as: UInt64.self)
          #expect(xen.words(xen.grantFrame(count - 1))[0] == UInt64(count))
        }
        #expect(xen.access(AddressSpace.grantTableStart + 3 << 12) == "none")
        #expect(throws: HypervisorError.self) { try machine.mapGrantTable(frameCount: 33) }
      }
    }

    @Test func asksXenForEvents() throws {
      try FakeXen.inBoth { xen, machine in
        let port = try machine.allocateUnboundPort(remoteDomain: 0)
        #expect(port == 40)
        machine.send(port: 7)
        machine.close(port: 40)
        #expect(xen.sentPorts == [7])
        #expect(xen.closedPorts == [40])
        machine.poll(ports: [3, 4], until: 1000)
        machine.poll(ports: [], until: 0)
        machine.poll(ports: Array(0..<200), until: 5)
        #expect(xen.polls.map(\.ports.count) == [2, 0, 128], "Xen takes 128")
        #expect(xen.polls.map(\.deadline) == [1000, 1, 5], "0 would mean for ever")
      }
    }

    @Test func takesFramesByNumber() {
      FakeXen.inPV { _, machine in
        let range = machine.freeRange(machine.freeRangeCount - 1)
        let free = machine.freeFrameCount
        #expect(machine.takeFrames(from: range.lowerBound + 5, countMax: 10) == 10)
        #expect(machine.takeFrames(from: range.lowerBound + 5, countMax: 10) == 0)
        #expect(machine.freeFrameExtremes.fewest == free - 10)
        machine.giveBack(range.lowerBound + 5..<range.lowerBound + 15)
        #expect(machine.freeFrameCount == free)
        #expect(machine.freeFrameExtremes.most >= free)
      }
    }

    @Test(arguments: [GuestOptions.List.inside, .outside, .large])
    func findsTheFramesOfTheListOfFrames(list: GuestOptions.List) throws {
      try FakeXen.inPV(GuestOptions(list: list)) { xen, machine in
        let frames = machine.p2mListFrames()
        #expect(frames.count == GuestLayout.frameCount * 8 / 4096)
        for (index, frame) in frames.enumerated() {
          let words = xen.words(try storage(xen, frame))
          #expect(words[0] == AddressSpace.machineFrame(of: UInt64(index * 512)))
        }
        #expect(machine.rootMachineFrame == xen.machine[xen.root])
      }
    }

    @Test func givesFramesOtherNumbers() throws {
      try FakeXen.inPV { xen, machine in
        let frames = try #require(machine.takeFrameRun(countMax: 1000))
        let old = frames.map { machine.machineFrame(of: $0) }
        let count = frames.count
        #expect(
          machine.renumber(count: count) { index in
            (frames.lowerBound + UInt64(index), old[count - 1 - index])
          })
        for (index, frame) in frames.enumerated() {
          #expect(machine.machineFrame(of: frame) == old[count - 1 - index])
          #expect(machine.frame(ofMachine: old[count - 1 - index]) == frame)
        }
        xen.refusedCall = xen.refusableCallCount + 1
        #expect(!machine.renumber(count: count) { (frames.lowerBound + UInt64($0), old[$0]) })
      }
    }

    @Test func pinsARootTableThatKeepsXensRules() throws {
      try FakeXen.inPV { xen, machine in
        let frames = try #require(machine.takeFrameRun(countMax: 2))
        #expect(machine.zero(frames))
        let root = machine.machineFrame(of: frames.lowerBound)
        #expect(machine.pin(root) == 0)
        #expect(xen.level[try storage(xen, frames.lowerBound)] == 4)
        // What is a table may be read, not written.
        let window = machine.window.lowerBound
        #expect(!machine.map(frames, at: window, .readWrite))
        #expect(machine.map(frames, at: window, .readOnly))
        machine.unpin(root)
        #expect(machine.map(frames, at: window, .readWrite))
        #expect(machine.pin(root) == 22)
        machine.unmap(window, count: 2)
        machine.giveBack(frames)
        #expect(xen.problems() == [])
      }
    }

    @Test func leavesNothingBehind() throws {
      FakeXen.inPV { xen, machine in
        xen.sharedInfo.storeBytes(of: 0xff, as: UInt8.self)
        xen.sharedInfo.storeBytes(of: .max, toByteOffset: 2048 + 8 * 63, as: UInt64.self)
        machine.stop()
        #expect(xen.sharedInfo.load(as: UInt8.self) == 0)
        #expect(xen.sharedInfo.load(fromByteOffset: 2048 + 8 * 63, as: UInt64.self) == 0)
        let calls = xen.otherCalls.suffix(3)
        #expect(
          calls == [
            __HYPERVISOR_set_timer_op, __HYPERVISOR_set_callbacks, __HYPERVISOR_set_segment_base,
          ])
      }
      try FakeXen.inPVH { xen, machine in
        _ = try machine.mapGrantTable(frameCount: 3)
        #expect(xen.machine[xen.grantFrame(2)] != nil)
        machine.stop()
        #expect(StubDomain.sharedInfoPage == nil)
        #expect(xen.machine[xen.frameCount] == nil)
        #expect((0..<3).allSatisfy { xen.machine[xen.grantFrame($0)] == nil })
        // Everything is at its own address again.
        #expect(xen.access(0x50_0000) == "rwx")
        #expect(xen.msrs[0xc000_0100] == 0)
        #expect(machine.now == 0)
      }
    }
  }
}
