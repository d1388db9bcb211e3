// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct BootProtocolTests {
  private typealias Loader = BootProtocolLoader<FakeFile, FakeMemory>
  private typealias Failure = KernelLoadError<FakeFailure, FakeFailure>

  private static let setupByteCount = 28 * 512
  private static let codeByteCount = 0x3000

  /// A bzImage whose code is 12 KiB, each byte telling its place, and wants 1 MiB at 16 MiB.
  private func file(_ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.setupByteCount)
    bytes[0x1f1] = 27
    bytes.store(UInt64(Self.codeByteCount / 16), at: 0x1f4, count: 4)
    bytes.store(0xaa55, at: 0x1fe, count: 2)
    bytes[0x200] = 0xeb
    bytes[0x201] = 0x6a
    bytes.store(0x5372_6448, at: 0x202, count: 4)
    bytes.store(0x020f, at: 0x206, count: 2)
    bytes.store(0x7f, at: 0x236, count: 2)
    bytes.store(2047, at: 0x238, count: 4)
    bytes.store(0x100_0000, at: 0x258, count: 8)
    bytes.store(0x10_0000, at: 0x260, count: 4)
    bytes += (0..<Self.codeByteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    change(&bytes)
    return bytes
  }

  private func header(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> LinuxBootHeader {
    let bytes = file(change)
    return try LinuxBootHeader(
      ByteView(Array(bytes.prefix(LinuxBootHeader.headByteCount))),
      fileByteCount: UInt64(bytes.count))
  }

  @Test func readsWhatLinuxWants() throws {
    let header = try header()
    #expect(header.memory == 0x100_0000..<0x110_0000)
    #expect(header.entry == 0x100_0200)
    #expect(header.codeByteOffset == UInt64(Self.setupByteCount))
    #expect(header.codeByteCount == UInt64(Self.codeByteCount))
    #expect(header.commandLineByteCountMax == 2047)
    #expect(header.setupHeader == Array(file()[0x1f1..<0x26c]))
  }

  @Test func takesAnImageWhoseLastParagraphIsNotWhole() throws {
    let header = try header { $0.removeLast(15) }
    #expect(header.codeByteCount == UInt64(Self.codeByteCount - 15))
  }

  @Test func refusesImagesThatCanNotBeStarted() {
    #expect(throws: KernelImageError.notAKernel) { try header { $0[0x202] = 0 } }
    #expect(throws: KernelImageError.bootProtocolTooOld(version: 0x20b)) {
      try header { $0[0x206] = 0x0b }
    }
    #expect(throws: KernelImageError.no64BitEntry) { try header { $0[0x236] = 0x7e } }
    for count in [0x206, 0x26b] {
      #expect(throws: KernelImageError.bootHeaderTruncated(byteCount: count)) {
        try header { $0.removeLast($0.count - count) }
      }
    }
    #expect(throws: KernelImageError.bootCodeTooLarge(byteCount: 0x3000, byteCountMax: 0x2fff)) {
      try header { $0.store(0x2fff, at: 0x260, count: 4) }
    }
    #expect(
      throws: KernelImageError.kernelTooLarge(byteCount: 0x4000_0001, byteCountMax: 1 << 30)
    ) { try header { $0.store(0x4000_0001, at: 0x260, count: 4) } }
    for address: UInt64 in [0xfff0_1000, 0x100_0001, .max] {
      #expect(throws: KernelImageError.addressOverflow(physicalAddress: address)) {
        try header { $0.store(address, at: 0x258, count: 8) }
      }
    }
    let size = UInt64(Self.setupByteCount + Self.codeByteCount)
    for paragraphs: UInt64 in [0, 0x20, 0x301, 0xffff_ffff] {
      #expect(
        throws: KernelImageError.payloadOutsideFile(
          start: UInt64(Self.setupByteCount), byteCount: paragraphs * 16, fileByteCount: size)
      ) { try header { $0.store(paragraphs, at: 0x1f4, count: 4) } }
    }
  }

  @Test(arguments: [512, 700, 65536]) func putsTheCodeAtItsAddress(chunk: Int) throws {
    let memory = FakeMemory(window: 1000)
    var loader = Loader(source: FakeFile(file(), chunk: chunk), memory: memory)
    let header = try loader.load()
    #expect(memory.prepared == [header.memory])
    let code = memory.bytes(at: 0x100_0000, count: Self.codeByteCount)
    #expect(code == Array(file()[Self.setupByteCount...]))
    #expect(memory.bytes(at: 0x100_3000, count: 4) == [0xaa, 0xaa, 0xaa, 0xaa])
  }

  @Test func passesErrorsOn() {
    func load(_ source: FakeFile, _ memory: FakeMemory = FakeMemory()) throws(Failure) {
      var loader = Loader(source: source, memory: memory)
      _ = try loader.load()
    }
    #expect(throws: Failure.image(.notAKernel)) { try load(FakeFile([1, 2, 3])) }
    #expect(throws: Failure.source(.broken(3))) {
      try load(FakeFile(file(), chunk: 4096, failsAtChunk: 3))
    }
    #expect(throws: Failure.memory(.full(0x110_0000))) {
      try load(FakeFile(file()), FakeMemory(refuses: true))
    }
    #expect(throws: Failure.memory(.full(0x100_1000))) {
      try load(FakeFile(file(), chunk: 2048), FakeMemory(failsAt: 0x100_1000))
    }
    let bytes = file()
    #expect(throws: Failure.image(.fileTruncated(position: 20000))) {
      try load(FakeFile(Array(bytes.prefix(20000)), claimedByteCount: UInt64(bytes.count)))
    }
  }

  @Test func survivesAnyHeader() {
    for seed in 0..<2000 {
      var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
      var head = Array(file().prefix(LinuxBootHeader.headByteCount))
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        head[0x1f1 + Int(state >> 33) % 0x80] = UInt8(truncatingIfNeeded: state >> 17)
      }
      // Any error is as good as another; only a trap is wrong.
      _ = try? LinuxBootHeader(ByteView(head), fileByteCount: state >> 40)
    }
  }
}
