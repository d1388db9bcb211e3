// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeMachine
import StubMachine
import TestSupport
import Testing

@testable import BootEngine
@testable import BootPlan

/// Files that are on no disk: the rest of a boot does not know the difference.
struct StreamTests {
  /// A file in the test's memory, which can't be read from some byte on.
  private final class MemoryStream: FileContentsStream {
    let contents: [UInt8]
    let end: UInt64

    init(_ contents: [UInt8], readableUpTo end: UInt64 = .max) {
      self.contents = contents
      self.end = end
    }

    func read(
      at byteOffset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(BlockError) {
      let range = Int(byteOffset)..<Int(byteOffset) + buffer.count
      guard range.upperBound <= contents.count, UInt64(range.upperBound) <= end else {
        throw .readFailed(sector: byteOffset / 512)
      }
      buffer.copyBytes(from: contents[range])
    }
  }

  /// Who is told, and wants nothing.
  private final class Observer: AttemptObserver {
    var lines: [ByteString] = []
    var byteCount: UInt64 = 0

    func enter(_ phase: BootPhase) {}
    func goesOn(byteCount: () -> UInt64) -> Bool {
      self.byteCount = byteCount()
      return true
    }
    func say(_ line: ByteString) { lines.append(line) }
    func settleDisks() -> Bool { true }
  }

  private typealias File = GuestFile<FakeMachine>

  private func files(_ kernel: MemoryStream, _ initrd: MemoryStream) -> GuestBootFiles<FakeMachine>
  {
    func file(_ name: ByteString, _ stream: MemoryStream) -> File {
      File(name: name, source: .stream(stream), byteCount: UInt64(stream.contents.count))
    }
    return GuestBootFiles(
      kernel: file("9p/share: /vmlinuz", kernel), initrds: [file("9p/share: /initrd", initrd)],
      moduleCommandLines: nil, commandLine: BootLab.commandLine)
  }

  private func attempt(_ machine: FakeMachine, _ observer: Observer) -> Attempt<FakeMachine> {
    Attempt(
      machine, hostRamdisk: nil, failingStep: nil, observer: observer)
  }

  @Test func aPVGuestIsLoadedFromStreams() throws {
    let (machine, observer) = (FakeMachine(.pv), Observer())
    let files = files(MemoryStream(BootLab.elf.bytes), MemoryStream(BootLab.initrd))
    let attempt = attempt(machine, observer)
    let handOver = try Loading(files, into: PVHandOver(files, attempt), attempt).run()
    let guest = try RebuiltPV(machine, jumpAddress: try #require(handOver.commit()))
    let info = try guest.startInfo()
    #expect(guest.bytes(frame: info.moduleStart, count: BootLab.initrd.count) == BootLab.initrd)
    for (address, bytes) in WholeBootTests.kernelSegments(BootLab.elf) {
      #expect(guest.bytes(at: ELFBuilder.linuxBase + address, count: bytes.count) == bytes)
    }
    #expect(observer.byteCount == UInt64(BootLab.elf.bytes.count + BootLab.initrd.count))
  }

  @Test func aPVHGuestIsLoadedFromStreams() throws {
    let (machine, observer) = (FakeMachine(.pvh), Observer())
    let files = files(MemoryStream(BootLab.elf.bytes), MemoryStream(BootLab.initrd))
    let attempt = attempt(machine, observer)
    let handOver = try Loading(
      files, into: PVHHandOver(files, attempt, kernelUnpacksItself: false), attempt
    ).run()
    let guest = try RebuiltPVH(machine, jumpAddress: try #require(handOver.commit()))
    for (address, bytes) in WholeBootTests.kernelSegments(BootLab.elf) {
      #expect(guest.bytes(at: address, count: bytes.count) == bytes)
    }
  }

  @Test(arguments: [0, 4096, 600_000, 1_299_999] as [UInt64])
  func aKernelThatCanNotBeReadToItsEndLosesNoFrame(end: UInt64) throws {
    let (machine, observer) = (FakeMachine(.pv), Observer())
    let before = machine.accountedFrameCount
    let files = files(
      MemoryStream(BootLab.elf.bytes, readableUpTo: end), MemoryStream(BootLab.initrd))
    let attempt = attempt(machine, observer)
    let handOver = try PVHandOver(files, attempt)
    do {
      _ = try Loading(files, into: handOver, attempt).run()
      Issue.record("the kernel was loaded")
    } catch {
      #expect(error.message.hasPrefix("9p/share: /vmlinuz: read error"))
    }
    #expect(machine.accountedFrameCount == before)
  }

  @Test(arguments: [0, 4096, 299_999] as [UInt64])
  func aRamdiskThatCanNotBeReadToItsEndLosesNoFrame(end: UInt64) throws {
    let (machine, observer) = (FakeMachine(.pvh), Observer())
    let before = machine.accountedFrameCount
    let files = files(
      MemoryStream(BootLab.elf.bytes), MemoryStream(BootLab.initrd, readableUpTo: end))
    let attempt = attempt(machine, observer)
    let handOver = try PVHHandOver(files, attempt, kernelUnpacksItself: false)
    do {
      _ = try Loading(files, into: handOver, attempt).run()
      Issue.record("the ramdisk was loaded")
    } catch {
      #expect(error.message.hasPrefix("9p/share: /initrd: read error"))
    }
    #expect(machine.accountedFrameCount == before)
  }

  @Test func aSliceOfAStreamIsAStream() throws {
    let whole = File(
      name: "image", source: .stream(MemoryStream(Array(0...255))), byteCount: 256)
    let part = try #require(whole.slice(at: 16, count: 32, name: "part"))
    #expect(try part.contents(at: 4, countMax: 3) == [20, 21, 22])
    #expect(whole.slice(at: 250, count: 7, name: "too long") == nil)
    #expect(part.volume == nil)
    #expect(part.extents == [])
  }
}
