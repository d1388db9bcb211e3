// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import Foundation
import StubMachine
import Testing

@testable import MiniOS

/// The end of the domain. Each in a process of its own, which the fake Xen ends with the reason of
/// the shutdown plus 100, and with Xen's log on standard error.
struct PanicTests {
  private func log(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func aPanicSaysWhyAndEndsAsACrash() async {
    let result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.inPV { _, _ in Panic.end("the reason") }
    }
    #expect(log(result).contains("\ntest: panic: the reason\nbacktrace:"))
  }

  @Test func aPanicShowsWhoCalledWhom() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.inPV { _, _ in
        // This thread's own stack in place of the image's.
        var here = 0
        let address = withUnsafePointer(to: &here) { UInt64(UInt(bitPattern: $0)) }
        minios_host().pointee.stack_guard = address - 0x8000
        minios_host().pointee.stack_top = address + 0x400
        Panic.end("the reason")
      }
    }
    let line = try #require(log(result).split(separator: "\n").last { $0.hasPrefix("backtrace:") })
    #expect(try /backtrace:( [0-9a-f]{16}){2,24}/.wholeMatch(in: line) != nil)
  }

  @Test func aPanicMayBePutTogether() async {
    let result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.inPVH { _, _ in Panic.end(reason: "number \(7)") }
    }
    #expect(log(result).contains("\ntest: number 7\ntest: panic:  (no way on)\n"))
  }

  @Test func anExceptionShowsTheRegistersAndTheStack() async {
    let result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.inPV { xen, _ in
        xen.sharedInfo.storeBytes(of: 0xdead, toByteOffset: 16, as: UInt64.self)
        var frame = minios_trap_frame()
        frame.vector = 14
        frame.error_code = 2
        frame.rip = 0x100123
        frame.r15 = 0x1515
        frame.rsp = UInt64(GuestLayout.stackTop) << 12 - 64
        // One return address between words that are none.
        let stack = UnsafeMutablePointer<UInt64>(bitPattern: UInt(frame.rsp))
        for index in 0..<8 {
          stack?[index] = 5
        }
        stack?[3] = 0x10_1ff0
        minios_trap(&frame)
      }
    }
    let text = log(result)
    #expect(
      text.contains(
        "test: exception #PF page fault at address 000000000000dead, error code 0000000000000002\n"
      ))
    #expect(text.contains("rip=0000000000100123 "))
    #expect(text.contains("r15=0000000000001515 "))
    #expect(text.contains("stack: 0000000000101ff0\n"))
  }

  @Test func aFaultInAReportEndsWithoutAnother() async {
    let result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.inPV { _, machine in
        // The ring is gone when the report is written: a second report would never end.
        signal(SIGSEGV) { _ in
          var frame = minios_trap_frame()
          minios_trap(&frame)
        }
        machine.unmap(machine.entry.console.frame << 12, count: 1)
        Panic.end("the first")
      }
    }
    #expect(!log(result).contains("exception"))
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func everyVectorHasAName(vector: UInt64) {
    let name = "\(Traps.name(vector))"
    let others: Set<UInt64> = [1, 2, 4, 5, 7, 9, 15, 18]
    #expect(name.hasPrefix("#") != others.contains(vector))
  }

  @Test func theDomainEndsAsItWasAsked() async {
    await #expect(processExitsWith: .exitCode(100)) {
      FakeXen.inPV { _, _ in StubDomain.powerOff() }
    }
    await #expect(processExitsWith: .exitCode(101)) {
      FakeXen.inPV { _, _ in StubDomain.reboot() }
    }
    await #expect(processExitsWith: .exitCode(103)) {
      FakeXen.inPVH { _, _ in StubDomain.crash() }
    }
    await #expect(processExitsWith: .exitCode(7)) {
      FakeXen.inPV { _, _ in
        minios_host().pointee.leave = { exit($0 == 0x1234 ? 7 : 8) }
        StubDomain.jump(to: 0x1234)
      }
    }
  }

  @Test func aMachineWithoutXenStandsStill() async {
    let result = await #expect(
      processExitsWith: .exitCode(9), observing: [\.standardErrorContent]
    ) {
      _ = FakeXen.pvh()
      minios_host().pointee.cpuid = nil
      minios_host().pointee.leave = { _ in
        FileHandle.standardError.write(Data(FakeXen.current?.log ?? []))
        exit(9)
      }
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("test: this machine has no Xen\n"))
  }

  @Test func aStartThatCanNotGoOnSaysWhy() async {
    var result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      let xen = FakeXen.pvh()
      xen.page(FakeXen.PVHFrame.startInfo).storeBytes(of: 1, as: UInt32.self)
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("the PVH entry got no hvm_start_info"))
    result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.pvh(version: 0).firmwareMap = []
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("Xen gives no memory map"))
    result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      FakeXen.pvh(version: 0).firmwareMap = [(0, 12 << 20, 1), (12 << 20, 0xfe00_0000, 2)]
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("the memory map has no hole of 2 MiB"))
    result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      let xen = FakeXen.pvh()
      xen.refusedMemoryCommand = XENMEM_add_to_physmap
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("Xen gives no shared info page"))
    result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      // Without it time would stand still in PV, and no wait would have an end.
      let xen = FakeXen.pv()
      xen.setMachine(xen.frameCount, nil)
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("Xen gives no shared info page"))
    result = await #expect(
      processExitsWith: .exitCode(103), observing: [\.standardErrorContent]
    ) {
      // One frame of memory: too little for the tables of the rings.
      FakeXen.pvh().reservation = 65
      _ = StubDomain.start(name: "test")
    }
    #expect(log(result).contains("no memory for page tables"))
  }

  @Test func memoryThatIsNotThereFaults() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      FakeXen.inPV { _, _ in
        let memory = Heap.allocate(8449, alignment: 16)
        memory?.storeBytes(of: 1, toByteOffset: 3 * 4096 - 17, as: UInt8.self)
        memory?.storeBytes(of: 1, toByteOffset: 3 * 4096 - 16, as: UInt8.self)
      }
    }
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      FakeXen.inPV { _, _ in SelfTest.writeToText() }
    }
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      FakeXen.inPVH { _, _ in SelfTest.readNull() }
    }
  }

  @Test func aFreeOfWhatIsNotTheHeapsTraps() async {
    await #expect(processExitsWith: .failure) {
      FakeXen.inPV { _, _ in
        guard let memory = Heap.allocate(20000, alignment: 16) else { return }
        Heap.free(memory + 16)
      }
    }
    await #expect(processExitsWith: .failure) {
      FakeXen.inPV { _, _ in
        guard let memory = Heap.allocate(2048, alignment: 16) else { return }
        (memory - 64).storeBytes(of: 0, as: UInt64.self)
        Heap.free(memory)
      }
    }
  }
}
