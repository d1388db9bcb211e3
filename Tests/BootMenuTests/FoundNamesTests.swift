// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

@testable import BootMenu

/// A directory that is as long as its disk likes.
struct FoundNamesTests {
  private final class WideWorld: MenuEnvironment {
    let count: Int
    private(set) var visitedCount = 0

    init(_ count: Int) { self.count = count }

    func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? { nil }
    func kind(of file: MenuFile) -> MenuFileKind? {
      file.path.hasSuffix("/wide") ? .directory : .file(byteCount: 0)
    }
    func device(having key: SearchKey) -> ByteString? { nil }
    func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool {
      for number in 0..<count {
        visitedCount += 1
        if !visit("name-\(number).efi") { break }
      }
      return true
    }
    func deviceNames() -> [ByteString] { [] }
    func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] { [] }
  }

  private let place = MenuFile(device: "", path: "/wide")

  @Test func soManyAreKeptAndTheOthersCounted() throws {
    let world = WideWorld(5000)
    let found = try #require(world.names(inDirectory: place))
    #expect(found.names.count == MenuLimits.directoryNameCountMax)
    #expect(found.leftOutCount == 5000 - MenuLimits.directoryNameCountMax)
    let chosen = try #require(
      world.names(inDirectory: place, limit: 2) { $0.hasSuffix("7.efi") })
    #expect(chosen.names == ["name-7.efi", "name-17.efi"])
    #expect(chosen.leftOutCount == 498)
  }

  @Test func aPatternThatFitsTooManyPathsSaysSo() throws {
    let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
    let script: ByteString = "for i in /wide/*; do\nmenuentry $i {\ntrue\n}\ndone\n"
    for (count, isCut) in [
      (MenuLimits.pathMatchCountMax, false), (MenuLimits.pathMatchCountMax + 1, true),
    ] {
      let menu = try MenuInterpreter(environment: WideWorld(count))
        .menu(script, file: file, format: .grub2)
      #expect(menu.entries.count == MenuLimits.pathMatchCountMax)
      #expect(
        menu.warnings.map { $0.kind } == (isCut ? [.failed("only 512 paths are taken")] : []))
    }
  }

  @Test func aListInAScriptSaysWhatItLeavesOut() throws {
    let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
    let menu = try MenuInterpreter(environment: WideWorld(4100))
      .menu("ls /wide\nmenuentry end {\ntrue\n}\n", file: file, format: .grub2)
    #expect(menu.output.text.hasSuffix("and 4 more\n"))
  }

  @Test func imagesOfAKernelAreKeptUpToTheLimit() {
    let world = WideWorld(5000)
    var reader = UnifiedKernelDirectory(environment: world, MenuWork(world.work))
    #expect(reader.entries(in: place).isEmpty)
    #expect(
      reader.warnings.map { $0.kind }.contains(
        .failed("image skipped: more than 256 images")))
  }
}
