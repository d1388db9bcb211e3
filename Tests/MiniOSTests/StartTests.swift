// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine
import Testing

@testable import MiniOS

extension MiniOSOnFakeXen {
  /// From the entry to a domain that runs.
  struct StartTests {
    private func address(_ frame: Int) -> UInt64 { UInt64(frame) << 12 }

    @Test(arguments: [GuestOptions.List.inside, .outside, .large], [0, 1, 0x2345])
    func freesExactlyWhatNobodyUses(list: GuestOptions.List, moduleByteCount: Int) {
      let options = GuestOptions(list: list, moduleByteCount: moduleByteCount)
      FakeXen.inPV(options) { xen, machine in
        let expected = GuestLayout.frameCount - FakeXen.usedCount(options)
        // What the stub domain itself needed since.
        let tables = machine.tableFrames.count
        let builderTables = 5 + [.inside: 0, .outside: 3, .large: 2][list, default: 0]
        #expect(Int(machine.freeFrameCount) + tables - builderTables == expected)
        #expect(xen.problems() == [])
        for frame in machine.tableFrames { #expect(xen.level[Int(frame)] > 0) }
      }
    }

    @Test func protectsEachPartOfTheImageInBothModes() {
      FakeXen.inBoth { xen, _ in
        #expect(xen.access(address(GuestLayout.text)) == "rx")
        #expect(xen.access(address(GuestLayout.textEnd - 1)) == "rx")
        #expect(xen.access(address(GuestLayout.textEnd)) == "r")
        #expect(xen.access(address(GuestLayout.thread)) == "rw")
        #expect(xen.access(address(GuestLayout.stackGuard)) == "none")
        #expect(xen.access(address(GuestLayout.stackGuard + 1)) == "rw")
        #expect(xen.access(address(GuestLayout.imageEnd - 1)) == "rw")
        #expect(xen.access(address(GuestLayout.imageEnd)) == "none")
        #expect(xen.access(0) == "none")
      }
    }

    @Test func tellsWhatThePVEntryWasGiven() {
      FakeXen.inPV { xen, machine in
        let entry = machine.entry
        #expect(entry.mode == .pv)
        #expect(entry.frameCount == UInt64(GuestLayout.frameCount))
        #expect(entry.commandLine == "root=/dev/xvda1 quiet")
        #expect(entry.module.byteCount == 0x2345)
        #expect(entry.module.frames == 280..<283)
        #expect(entry.moduleAddress == nil)
        #expect(entry.store.port == 1)
        #expect(entry.console.port == 2)
        #expect(entry.startInfo.count == 4096)
        #expect(entry.imageFrames == 256..<277)
        #expect(entry.memoryMap == [])
        let page = entry.console.page.map { UInt64(UInt(bitPattern: $0)) }
        #expect(page == entry.console.frame << 12)
        #expect(xen.trapVectors == Array(0..<32))
      }
    }

    @Test func namesAMappedModuleByItsAddress() {
      FakeXen.inPV(GuestOptions(namesModuleByFrame: false)) { _, machine in
        #expect(machine.entry.module.frames == 280..<283)
        #expect(machine.entry.moduleAddress == 280 << 12)
      }
    }

    @Test func keepsTheFloatingPointStateOfTheEntryInBothModes() {
      FakeXen.inBoth { _, machine in
        let state: [UInt8] = [
          0x40, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0x55, 0x55, 0xff, 0xff,
        ]
        #expect(
          machine.entry.fpuState == state + [UInt8](repeating: 0, count: 16) + [0x80, 0x1f, 0, 0])
      }
    }

    @Test func endsACommandLineWithoutATerminatorAtItsLimit() {
      let line = String(repeating: "x", count: 2000)
      FakeXen.inPV(GuestOptions(commandLine: line)) { _, machine in
        #expect(machine.entry.commandLine.bytes.count == 1024)
      }
    }

    @Test func knowsFromTheNumberOfTablesHowMuchIsMapped() {
      // One L4 and one L3; an L2 for each GiB, an L1 for each 2 MiB.
      for pairs in [1, 2, 255, 256, 257, 512, 513, 1000, 5000] as [UInt64] {
        let l1Count = pairs * 2
        let tableCount = 2 + (l1Count + 511) / 512 + l1Count
        #expect(BootMemory.mappedEnd(tableCount: tableCount) == pairs * 1024)
      }
      #expect(BootMemory.mappedEnd(tableCount: 0) == 0)
      #expect(BootMemory.mappedEnd(tableCount: 3) == 0)
    }

    @Test func tellsWhatThePVHEntryWasGiven() {
      FakeXen.inPVH { xen, machine in
        let entry = machine.entry
        #expect(entry.mode == .pvh)
        #expect(entry.frameCount == UInt64(GuestLayout.frameCount))
        #expect(entry.commandLine == "ro quiet")
        #expect(entry.module.frames == 280..<283)
        #expect(entry.moduleAddress == nil)
        #expect(entry.startInfo == [])
        #expect(entry.memoryMap.map(\.type) == [1, 2])
        #expect(entry.rsdpAddress == 0xfc00_8000)
        #expect(entry.console.frame == UInt64(FakeXen.PVHFrame.console))
        #expect(xen.problems() == [])
        #expect(xen.msrs[0x4000_0000] == minios_hypercall_page())
      }
    }

    @Test func asksXenForTheMemoryMapThatAnOldBuilderDidNotGive() {
      FakeXen.inPVH(.pvh(version: 0)) { xen, machine in
        #expect(machine.entry.memoryMap.map(\.type) == [1, 2])
        #expect(machine.entry.memoryMap[0].byteCount == UInt64(GuestLayout.frameCount) << 12)
        #expect(xen.problems() == [])
      }
    }

    @Test func doesWithoutCommandLineModuleAndRings() {
      let xen = FakeXen.pvh(moduleByteCount: 0, commandLine: nil)
      xen.parameters = [:]
      FakeXen.inPVH(xen) { xen, machine in
        #expect(machine.entry.commandLine == "")
        #expect(machine.entry.module.byteCount == 0)
        #expect(machine.entry.module.frames.isEmpty)
        #expect(machine.entry.console.port == 0)
        #expect(machine.entry.console.page == nil)
        #expect(xen.access(0) == "none")
        // Nobody listens.
        EarlyConsole.write("text\n")
        #expect(xen.log == Array("text\n".utf8))
      }
    }

    @Test func freesOnlyWhatIsThereOfADomainWithPopulateOnDemand() {
      let xen = FakeXen.pvh()
      xen.reservation = 1000 + 64
      FakeXen.inPVH(xen) { xen, machine in
        #expect(machine.entry.frameCount == 1000)
        #expect(xen.freeFrames.allSatisfy { $0 < 1000 })
        let used = GuestLayout.imageEnd - GuestLayout.text + 3 + 4
        #expect(Int(machine.freeFrameCount) + machine.tableFrames.count == 1000 - used)
        #expect(xen.problems() == [])
      }
    }

    @Test func keepsTheFramesOfModulesAndTheirTexts() {
      let xen = FakeXen.pvh()
      let list = xen.page(FakeXen.PVHFrame.list).assumingMemoryBound(to: hvm_modlist_entry.self)
      list[1] = hvm_modlist_entry(
        paddr: 0x20_0800, size: 0x1000, cmdline_paddr: 0x21_0fff, reserved: 0)
      // A size that no memory has is nobody's.
      list[2] = hvm_modlist_entry(
        paddr: 0x22_0000, size: .max, cmdline_paddr: 0, reserved: 0)
      xen.page(0x210).storeBytes(of: 0x61, toByteOffset: 0xfff, as: UInt8.self)
      xen.page(FakeXen.PVHFrame.startInfo).assumingMemoryBound(to: hvm_start_info.self)
        .pointee.nr_modules = 3
      FakeXen.inPVH(xen) { xen, _ in
        let free = Set(xen.freeFrames)
        #expect([0x1ff, 0x202, 0x20f, 0x212, 0x220].allSatisfy { free.contains($0) })
        #expect([0x200, 0x201, 0x210, 0x211].allSatisfy { !free.contains($0) })
        // Texts are read, modules may be handed on.
        #expect(xen.access(0x21_0000) == "r" && xen.access(0x21_1000) == "r")
        #expect(xen.access(0x20_0000) == "none")
      }
    }

    @Test func writesReportsToTheConsoleAsFarAsThereIsRoom() {
      FakeXen.inPV { xen, machine in
        guard let page = machine.entry.console.page else { return }
        EarlyConsole.writeName()
        EarlyConsole.write(hexadecimal: 0x1234_5678_9abc_def0)
        EarlyConsole.write(0x0a)
        let text = "\r\ntest: 123456789abcdef0\r\n"
        let ring = UnsafeRawBufferPointer(start: page + 1024, count: 2048)
        #expect(Array(ring.prefix(text.utf8.count)) == Array(text.utf8))
        #expect(page.load(fromByteOffset: 3084, as: UInt32.self) == UInt32(text.utf8.count))
        #expect(xen.log == Array("\ntest: 123456789abcdef0\n".utf8))
        #expect(xen.sentPorts.contains(2))
        for _ in 0..<3000 { EarlyConsole.write(0x78) }
        #expect(page.load(fromByteOffset: 3084, as: UInt32.self) == 2048)
      }
    }

    @Test func touchesAllFreeMemoryOnce() {
      FakeXen.inPV { xen, machine in
        #expect(machine.write(machine.entry.imageFrames.upperBound) { _ in })
        let free = Set(xen.freeFrames)
        #expect(SelfTest.touchMemory() == UInt64(free.count))
        #expect(Set(xen.freeFrames) == free)
        for frame in free {
          let storage = xen.storageOfMachine[machine.machineFrame(of: frame)] ?? 0
          #expect(xen.words(storage)[0] == ~frame)
        }
      }
    }
  }
}
