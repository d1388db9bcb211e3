// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import BootMenu

/// Files that are named by their sectors.
@Suite struct BlockListTests {
  private func pieces(_ text: ByteString) -> [[UInt64?]]? {
    BlockList(text)?.pieces.map { [$0.sector, $0.sectorCount] }
  }

  @Test func piecesAreReadAsGrubReadsThem() {
    #expect(pieces("512+1") == [[512, 1]])
    #expect(pieces("+1") == [[0, 1]])
    #expect(pieces("1+1,5+2") == [[1, 1], [5, 2]])
    #expect(pieces("1+1,+3") == [[1, 1], [0, 3]])
    #expect(pieces("2048+") == [[2048, nil]])
    #expect(pieces("+") == [[0, nil]])
    #expect(pieces("0x10+0x2") == [[16, 2]])
    #expect(pieces("010+1") == [[8, 1]])
    #expect(pieces("09+1") == [[9, 1]])
    #expect(pieces("9+1 more") == [[9, 1]])
  }

  @Test(
    arguments: [
      "", "/512+1", "512", "9+0", "9+1,", "9+1,,5+1", "a+1", "1+x", "1+1x", "-1+1", "8+1 ,9+1",
      "0X9+1", "0x+1", "18446744073709551616+1", "boot/vmlinuz",
    ] as [ByteString])
  func anythingElseIsAPath(_ text: ByteString) { #expect(BlockList(text) == nil) }

  @Test func thereAreNoMorePiecesThanTheLimit() {
    let most = Array(repeating: "1+1", count: MenuLimits.blockListPieceCountMax)
    #expect(BlockList(ByteString(most.joined(separator: ","))) != nil)
    #expect(BlockList(ByteString((most + ["1+1"]).joined(separator: ","))) == nil)
  }

  @Test func noPieceLeadsBeyondTheDevice() throws {
    let byteCount: UInt64 = 10 * 512 + 100
    func ranges(_ text: ByteString) throws -> [[UInt64]]? {
      try #require(BlockList(text)).ranges(onDeviceOf: byteCount)?.map {
        [$0.byteOffset, $0.byteCount]
      }
    }
    #expect(try ranges("9+1,0+2") == [[4608, 512], [0, 1024]])
    #expect(try ranges("8+") == [[4096, 1024]])
    #expect(try ranges("9+2") == nil)
    #expect(try ranges("10+") == nil)
    #expect(try ranges("9223372036854775806+9223372036854775806") == nil)
  }

  @Test func commandsTakeThemOnTheRootDeviceToo() throws {
    let world = FakeEnvironment()
    world.add("(hd0)512+1", "# GRUB Environment Block\nsaved_entry=two\n###")
    world.add("(hd0)1+1,5+2", "menuentry inner { linux /inner }")
    #expect(try printed("load_env -f (hd0)512+1; echo $saved_entry", in: world) == "two\n")
    #expect(
      try printed("root=hd0; load_env -f 512+1; echo $saved_entry", in: world) == "two\n")
    let menu = try scriptMenu("configfile (hd0)1+1,5+2", in: world)
    #expect(menu.entries.map { $0.title } == ["inner"])
    let kernel = try scriptMenu("menuentry a { linux (hd0)7+3 x; initrd (hd0)10+1; }")
    let target = try target(0, of: kernel)
    #expect(target.kernel == MenuFile(device: "hd0", path: "7+3"))
    #expect(target.initrds == [MenuFile(device: "hd0", path: "10+1")])
  }

  @Test func onlyTheTestForASizeSeesThem() throws {
    let world = FakeEnvironment()
    world.add("(hd0)1+1", "x")
    let script = """
      for t in -e -f -d -s; do if test $t (hd0)1+1; then echo $t; fi; done
      """
    #expect(try printed(script, in: world) == "-s\n")
  }

  @Test func numbersAreThoseOfGrub() {
    let numbers: [(ByteString, Int)] = [
      ("09", 9), ("08", 8), ("011", 9), ("0X10", 0), ("0x10", 16), ("-09", -9), ("-0x10", -16),
      ("018", 1), ("00", 0), ("08x", 8), (" 5", 5), ("+5", 0),
    ]
    for (text, value) in numbers { #expect(ScriptNumber.value(text) == value, "\(text.text)") }
  }
}
