// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation
import TestSupport
import Testing

/// The same scripts on the same disk by GRUB's own interpreter and by ours. A few at each run of
/// the unit tests; `GRUB_EMU=PATH` runs that `grub-emu`, by `GRUB_EMU_COUNT` scripts from
/// `GRUB_EMU_SEED` on, and prints each difference with its script. What is left is explained in
/// docs/LOADERS.md.
struct GrubDifferentialTests {
  private static let block = "# GRUB Environment Block\n"

  /// A disk with files, labels, environment blocks and sectors of text.
  private static func disk() throws -> [UInt8] {
    func block(_ variables: String, _ byteCount: Int) -> String {
      let text = Self.block + variables
      return text + String(repeating: "#", count: byteCount - text.utf8.count)
    }
    let full =
      Self.block
      + (0..<37).map { "v\($0 + 10)=" + String(repeating: "y", count: 22) + "\n" }.joined()
    var bytes = try GuestImage(
      .msdos,
      [
        "/dir/a", "text of a\n", "/dir/b", "b\n", "/dir/v-1.10", "10\n", "/dir/v-1.2", "2\n",
        "/dir/v-2.1", "", "/dir/a b", "blank\n", "/empty", "", "/link", "@dir/a",
        "/dir/sub/deep", "d\n", "/boot/grub/grubenv",
        block("saved_entry=first\nnext_entry=\nx=from env\n", 1024),
        "/dir/env2", block("saved_entry=second\nodd=a\\\\b\nnoequals\nz=zed\n", 1024),
        "/dir/full", full, "/boot/grub/inner.cfg",
        "echo \"inner $x|$y|$z $# $1\"\nz=inner\nfunction g { echo g; }\nexport z\n",
      ]
    ).bytes
    for sector in 2...5 {
      let line = "sector \(sector) " + String(repeating: "-", count: 54) + "\n"
      let text = String(repeating: line, count: 8)
      bytes.replaceSubrange(sector * 512..<(sector + 1) * 512, with: Array(text.utf8.prefix(512)))
    }
    bytes.replaceSubrange(6 * 512..<7 * 512, with: Array(block("odd=block\n", 512).utf8))
    let script = "echo from a list\nx=list\n"
    let comment = String(repeating: "#", count: 31) + "\n"
    let padded = String((script + String(repeating: comment, count: 16)).prefix(511)) + "\n"
    bytes.replaceSubrange(7 * 512..<8 * 512, with: Array(padded.utf8))
    return bytes
  }

  /// What our interpreter prints until the script or the default entry ends.
  private static func ours(_ script: String, _ disk: [UInt8]) throws -> [String] {
    let world = environment(GuestDisk(MemoryDevice(name: "xvda", bytes: disk), isOptical: false))
    let text =
      (script.hasSuffix("\nexit\n") ? String(script.dropLast(5)) : script)
      + "\nmenuentry end { true; }\n"
    let interpreter = MenuInterpreter(environment: world)
    let file = MenuFile(device: "hd0,msdos1", path: "/boot/grub/grub.cfg")
    let menu = try interpreter.menu(ByteString(Array(text.utf8)), file: file, format: .grub2)
    var output = menu.output.text
    var next = menu.entries.count > 1 ? menu.defaultSelection : nil
    var level = menu
    while let selection = next {
      let run = try interpreter.run(selection.index, of: level, rest: selection.rest)
      output += run.output.text
      guard case .menu(let inner) = run.outcome else { break }
      (level, next) = (inner, inner.defaultSelection)
    }
    return GrubOracle.lines(output)
  }

  /// Lines of GRUB's own about what it does.
  private static func isRemark(_ line: String) -> Bool {
    ["Compare file `", "Files differ ", "The files are "]
      .contains { line.hasPrefix($0) }
  }

  private func compare(_ seeds: Range<UInt64>, emulator: String) throws -> [String] {
    let disk = try Self.disk()
    var differences: [String] = []
    var comparedCount = 0
    for seed in seeds {
      var generator = DiskScriptGenerator(seed: seed)
      let script = generator.script()
      guard let theirs = try GrubOracle.printed(script, emulator: emulator, disk: disk) else {
        continue
      }
      comparedCount += 1
      let expected = theirs.filter { !Self.isRemark($0) }
      let found: [String]
      do { found = try Self.ours(script, disk) } catch {
        found = [(error as? MenuError)?.message.text ?? "\(error)"]
      }
      if found == expected { continue }
      let place = zip(found, expected).prefix { $0 == $1 }.count
      differences.append(
        "seed \(seed), line \(place): ours \(found.dropFirst(place).prefix(2)), "
          + "GRUB \(expected.dropFirst(place).prefix(2))\n\(script)\n")
    }
    #expect(comparedCount > seeds.count / 2)
    return differences
  }

  @Test func theSameLinesArePrintedAsByGrubEmuOnADisk() throws {
    let differences = try compare(100..<125, emulator: "grub-emu")
    for difference in differences { Issue.record(Comment(rawValue: difference)) }
  }

  /// The large run, if it is asked for.
  @Test func theEmulatorThatIsNamedPrintsTheSame() throws {
    let variables = ProcessInfo.processInfo.environment
    guard let emulator = variables["GRUB_EMU"] else { return }
    let count = variables["GRUB_EMU_COUNT"].flatMap { UInt64($0) } ?? 400
    let first = variables["GRUB_EMU_SEED"].flatMap { UInt64($0) } ?? 1
    let differences = try compare(first..<first + count, emulator: emulator)
    for difference in differences { print(difference) }
    print("\(differences.count) of \(count) scripts differ")
  }
}
