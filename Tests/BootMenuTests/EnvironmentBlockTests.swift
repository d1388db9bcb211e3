// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@Suite struct EnvironmentBlockTests {
  private let header = "# GRUB Environment Block\n"

  private func block(_ text: String, byteCount: Int = 1024) -> ByteString {
    let bytes = Array((header + text).utf8)
    return ByteString(bytes + [UInt8](repeating: 0x23, count: byteCount - bytes.count))
  }

  @Test func variablesAreChangedInPlaceAddedAndRemoved() throws {
    var edited = try #require(EnvironmentBlock(block("a=1\nb=x y\nc=3\n")))
    edited.set("b", "")
    edited.set("a", nil)
    edited.set("d", "4=4")
    edited.set("e", nil)
    #expect(edited.contents == block("b=\nc=3\nd=4=4\n"))
  }

  @Test func specialBytesAreEscapedAndCommentsAreKept() throws {
    var edited = try #require(EnvironmentBlock(block("# WARNING: do not edit\na=1\n")))
    edited.set("a", "x\\y\nz")
    let contents = try #require(edited.contents)
    #expect(contents == block("# WARNING: do not edit\na=x\\\\y\\\nz\n"))
    #expect(EnvironmentBlock(contents)?.value("a") == "x\\y\nz")
  }

  @Test func blockThatIsFullOrNoneIsRefused() throws {
    var full = try #require(EnvironmentBlock(block("a=1\n", byteCount: 64)))
    full.set("b", ByteString([UInt8](repeating: 0x78, count: 64)))
    #expect(full.contents == nil)
    #expect(EnvironmentBlock("a=1\n") == nil)
    let file = MenuFile(device: "", path: "/boot/grub/grubenv")
    #expect(SavedState.contents("nothing", of: file, saving: []) == .failure(.noBlock))
  }

  /// `grub-editenv` of Debian's grub-common reads what we write, and we read what it writes.
  @Test func grubEditenvUnderstandsUsAndWeIt() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("grubenv-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try GrubOracle.run(["grub-editenv", file.path, "create"])
    _ = try GrubOracle.run(["grub-editenv", file.path, "set", "saved_entry=a>b \\c", "x=1"])
    let made = ByteString([UInt8](try Data(contentsOf: file)))
    var block = try #require(EnvironmentBlock(made))
    #expect(block.value("saved_entry") == "a>b \\c")
    #expect(block.contents == made)
    block.set("saved_entry", "q\\r")
    block.set("x", nil)
    block.set("next_entry", "")
    try Data(try #require(block.contents).bytes).write(to: file)
    let listed = try GrubOracle.run(["grub-editenv", file.path, "list"]).output
    #expect(listed == "saved_entry=q\\r\nnext_entry=\n")
  }

  @Test func defaultFileOfGrubLegacyKeepsItsSize() {
    let file = MenuFile(device: "", path: "/boot/grub/default")
    let old: ByteString = "0\n#\n#\n#\n# WARNING\n"
    let saved = BootTarget.SavedVariable(file: file, name: "default", value: "12")
    #expect(
      SavedState.contents(old, of: file, saving: [saved]) == .success("12\n\n#\n#\n# WARNING\n"))
    #expect(SavedState.contents("1\n", of: file, saving: [saved]) == .failure(.full))
    #expect(SavedState.contents("", of: file, saving: [saved]) == .failure(.noBlock))
  }
}
