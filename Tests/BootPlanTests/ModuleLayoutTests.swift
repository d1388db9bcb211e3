// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Testing

@testable import BootPlan

struct ModuleLayoutTests {
  private func made(
    _ byteCounts: [UInt64], _ lines: [ByteString]? = nil, max: UInt64 = 1 << 30
  ) -> ModuleLayout? {
    guard
      case .fits(let layout) = ModuleLayout.make(
        byteCounts: byteCounts, commandLines: lines, byteCountMax: max)
    else { return nil }
    return layout
  }

  @Test func eachRamdiskStartsOnAPageAndTheLastEndsExactly() throws {
    let layout = try #require(made([5, 4096, 4097, 1]))
    #expect(layout.starts == [0, 4096, 8192, 16384])
    #expect(layout.byteCount == 16385)
    #expect(!layout.hasList)
    #expect(try #require(made([])).byteCount == 0)
  }

  @Test func theListIsAsXensHeaderHasIt() throws {
    let layout = try #require(made([100, 5000], ["root=a", ""]))
    #expect(layout.starts == [4096, 8192])
    #expect(layout.byteCount == 13192)
    let view = ByteView(layout.list)
    func record(_ index: Int) -> [UInt32?] { (0..<4).map { view.u32(at: index * 16 + 4 * $0) } }
    #expect(record(0) == [4096, 4196, 48, 0])
    #expect(record(1) == [8192, 13192, 55, 0])
    #expect(record(2) == [0, 0, 0, 0])
    #expect(view.terminatedString(at: 48, count: 7) == "root=a")
    #expect(layout.list.count == 56)
    // A long command line moves the modules.
    let long = ByteString([UInt8](repeating: 0x61, count: 5000))
    #expect(try #require(made([1], [long])).starts == [8192])
  }

  @Test func namesTheFirstFileThatDoesNotFit() {
    func outcome(_ counts: [UInt64], _ lines: [ByteString]?, _ max: UInt64) -> ModuleLayout.Outcome
    {
      ModuleLayout.make(byteCounts: counts, commandLines: lines, byteCountMax: max)
    }
    #expect(outcome([4096, 1], nil, 4096) == .tooLarge(index: 1))
    #expect(outcome([4096], nil, 4095) == .tooLarge(index: 0))
    #expect(outcome([1, .max], nil, .max) == .tooLarge(index: 1))
    #expect(outcome([1 << 32], [""], .max) == .tooLarge(index: 0))
    #expect(outcome([1 << 32], nil, .max) != .tooLarge(index: 0))
  }

  private let files = [
    "/boot/grub/grub.cfg",
    """
    menuentry list { multiboot /k words
    module /one first words
    module --nounzip /two }
    menuentry ramdisk { multiboot /k
    initrd /one /two }
    """, "/k", "kernel", "/one", "1", "/two", "22",
  ]

  @Test func modulesMakeAListAndRamdisksDoNot() throws {
    let environment = environment(try GuestImage(.bare, files).disk())
    let menu = try #require(MenuSearch(environment).find().menu)
    let interpreter = MenuInterpreter(environment: environment)
    func located(_ index: Int) throws -> BootFiles<MemoryDevice> {
      guard case .boot(let target) = try interpreter.run(index, of: menu).outcome else {
        throw BootError(.wrongRequest, "no target")
      }
      return try environment.locate(target)
    }
    let list = try located(0)
    #expect(list.commandLine == "words")
    #expect(list.moduleCommandLines == ["first words", ""])
    #expect(list.initrds.map { $0.byteCount } == [1, 2])
    let ramdisks = try located(1)
    #expect(ramdisks.moduleCommandLines == nil)
    #expect(ramdisks.initrds.count == 2)

    // The host's module comes last, in the list too.
    let layout = try list.moduleLayout(memoryByteCount: 1 << 20, hostByteCount: 8192)
    #expect(layout.starts == [4096, 8192, 12288])
    #expect(layout.byteCount == 20480)
    #expect(ByteView(layout.list).u32(at: 36) == 20480)
    #expect(
      message { () throws(BootError) in
        try ramdisks.moduleLayout(memoryByteCount: 1 << 20, hostByteCount: 1 << 20)
      } == "the host's ramdisk: 1 MiB do not fit into the guest's memory of 1 MiB")
  }

  @Test func tellsWhatTheHostsModuleIs() {
    func kind(_ bytes: [UInt8]) -> HostModule { HostModule(head: ByteView(bytes)) }
    func padded(_ text: String) -> [UInt8] {
      Array(text.utf8) + [UInt8](repeating: 0, count: 512 - text.utf8.count)
    }
    for start: [UInt8] in [
      Array("070701".utf8), [0x1f, 0x8b, 8, 8], [0x42, 0x5a, 0x68], [0x5d, 0, 0],
      [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [2, 0x21, 0x4c, 0x18], [0x28, 0xb5, 0x2f, 0xfd],
      [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a],
    ] { #expect(kind(start + [UInt8](repeating: 7, count: 500)) == .archive) }
    // gzip -n </dev/null, with and without the zeros of its page.
    let empty: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(kind(empty) == .empty)
    #expect(kind(empty + [UInt8](repeating: 0, count: 492)) == .empty)
    #expect(kind(padded("default 0\r\ntitle x\n\tkernel /k \u{e9}\n")) == .menu)
    #expect(HostModule.menuText(padded("title x\n")) == "title x\n")
    #expect(kind([]) == .unknown)
    #expect(kind(padded("")) == .unknown)
    #expect(kind(padded("text") + [1]) == .unknown)
    #expect(kind(Array("bell\u{7}".utf8)) == .unknown)
  }

  @Test func aTextWithoutAFileIsAMenuOfTheFirstFileSystem() throws {
    let environment = environment(try GuestImage(.msdos).disk())
    let search = MenuSearch(environment)
    let menu = try search.menu("menuentry here { linux /boot/vmlinuz }")
    let run = try MenuInterpreter(environment: environment).run(0, of: menu)
    guard case .boot(let target) = run.outcome else { throw BootError(.wrongRequest, "no target") }
    #expect(try environment.locate(target).kernel.byteCount == 11)
    #expect(try search.menu("title old\nkernel /boot/vmlinuz").format == .legacy)
    #expect(message { () throws(BootError) in try search.menu("nothing") } != "")
  }
}
