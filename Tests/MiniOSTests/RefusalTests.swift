// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import StubMachine
import Testing
import XenFrontends

@testable import MiniOS

extension MiniOSOnFakeXen {
  /// Xen refuses each hypercall in turn, and memory runs out at each frame: the machine says so,
  /// no frame is lost, none is free and mapped, and the same works afterwards.
  struct RefusalTests {
    /// Something that a machine is asked to do and that is undone again.
    enum Work: CaseIterable {
      case map, repeatedMap, write, zero, share, allocate, freeze, growGrants
      case askForPort, askForSize

      /// Whether it worked. What part of it was done is taken back.
      func run(_ machine: XenMachine) -> Bool {
        let window = machine.window.lowerBound + 0x1f_e000
        switch self {
        case .map: return Self.withFrames(machine, 4) { Self.map(machine, $0, at: window) }
        case .repeatedMap:
          return Self.withFrames(machine, 1) { frames in
            defer { machine.unmap(window, count: 700) }
            return machine.map(
              repeating: frames.lowerBound, count: 700, at: window, .readWrite)
          }
        case .write: return Self.withFrames(machine, 1) { machine.write($0.lowerBound) { _ in } }
        case .zero: return Self.withFrames(machine, 200) { machine.zero($0) }
        case .share:
          guard let pages = try? machine.allocateSharedPages(count: 700) else { return false }
          machine.release(pages)
          return pages.frames.count == 700
        case .allocate:
          guard let memory = Heap.allocate(1000, alignment: 16) else { return false }
          Heap.free(memory)
          return true
        case .freeze:
          defer { machine.thawTables() }
          return machine.freezeTables(
            heapByteCount: 4 << 20, addresses: [window, machine.window.upperBound - 4096])
        case .growGrants: return (try? machine.mapGrantTable(frameCount: 5)) != nil
        case .askForPort: return (try? machine.allocateUnboundPort(remoteDomain: 0)) != nil
        case .askForSize: return (try? machine.grantTableSize()) != nil
        }
      }

      private static func withFrames(
        _ machine: XenMachine, _ count: UInt64, _ body: (FrameRange) -> Bool
      ) -> Bool {
        guard let frames = machine.takeFrameRun(countMax: count) else { return false }
        defer { machine.giveBack(frames) }
        return body(frames)
      }

      private static func map(
        _ machine: XenMachine, _ frames: FrameRange, at address: UInt64
      ) -> Bool {
        defer { machine.unmap(address, count: frames.count) }
        return machine.map(frames, at: address, .readWrite)
      }
    }

    private func start(_ mode: DomainMode, _ body: (FakeXen, XenMachine) -> Void) {
      switch mode {
      case .pv: FakeXen.inPV(.init(), body)
      case .pvh: FakeXen.inPVH(.pvh(), body)
      }
    }

    @Test(arguments: Work.allCases, [DomainMode.pv, .pvh])
    func everyHypercallMayBeRefused(work: Work, mode: DomainMode) {
      var refused = 0
      var isDone = false
      while !isDone {
        start(mode) { xen, machine in
          let before = xen.accounted
          xen.refusableCallCount = 0
          xen.refusedCall = refused
          let didWork = work.run(machine)
          isDone = xen.refusableCallCount <= refused
          xen.refusedCall = nil
          #expect(didWork == isDone, "call \(refused)")
          #expect(xen.accounted == before, "call \(refused)")
          #expect(xen.problems() == [], "call \(refused)")
          #expect(work.run(machine), "after call \(refused)")
          #expect(xen.accounted == before, "after call \(refused)")
          #expect(xen.problems() == [], "after call \(refused)")
        }
        refused += 1
      }
      let hasCalls = mode == .pv || [.growGrants, .askForPort, .askForSize].contains(work)
      #expect(hasCalls ? refused > 1 : refused == 1)
    }

    @Test(arguments: Work.allCases.filter { $0 != .askForPort && $0 != .askForSize })
    func memoryMayRunOutAnywhere(work: Work) {
      for mode in [DomainMode.pv, .pvh] {
        var left: UInt64 = 0
        var isDone = false
        while !isDone {
          start(mode) { xen, machine in
            let before = xen.accounted
            var taken: [FrameRange] = []
            while machine.freeFrameCount > left,
              let run = machine.takeFrameRun(countMax: machine.freeFrameCount - left)
            {
              taken.append(run)
            }
            isDone = work.run(machine)
            for run in taken { machine.giveBack(run) }
            #expect(xen.accounted == before, "\(left) frames")
            #expect(xen.problems() == [], "\(left) frames")
            #expect(work.run(machine), "after \(left) frames")
            #expect(xen.accounted == before, "after \(left) frames")
          }
          // Each frame counts at the start, where tables are made; then all are alike.
          left += left < 12 ? 1 : 350
        }
        #expect(left > 1)
      }
    }
  }
}
