// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// The menus of menus/, each with what it should give beside it.
@Suite struct SampleMenuTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("menus")

  static let systems: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    // Those with several files are trees, which TreeMenuTests reads.
    return (names ?? []).filter { name in
      let tree = folder.appendingPathComponent(name).appendingPathComponent("tree")
      return name != "README.md" && !FileManager.default.fileExists(atPath: tree.path)
    }.sorted()
  }()

  @Test func thereAreSamples() { #expect(SampleMenuTests.systems.count >= 11) }

  @Test(arguments: SampleMenuTests.systems)
  func givesWhatIsExpected(_ system: String) throws {
    let folder = SampleMenuTests.folder.appendingPathComponent(system)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let name = try #require(names.first { $0 != "expected.txt" })
    let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    let result = MenuDump.dump(text, name: name)
    let expected = folder.appendingPathComponent("expected.txt")
    if ProcessInfo.processInfo.environment["PVGRUB_RECORD"] == "1" {
      try result.write(to: expected, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: expected, encoding: .utf8) == result)
  }
}

/// A menu and what its entries boot, as text.
enum MenuDump {
  static func environment() -> FakeEnvironment {
    FakeEnvironment(
      devices: [
        .init(name: "hd0,gpt1", uuid: "11111111-2222-4333-8444-555555555555"),
        .init(name: "hd0,gpt2", uuid: "0aa0aa0a-1111-4222-8333-444444444444"),
        .init(name: "hd1", uuid: "77777777-8888-4999-8aaa-bbbbbbbbbbbb"),
        .init(name: "hd2", uuid: "66666666-8888-4999-8aaa-bbbbbbbbbbbb"),
      ],
      files: [
        (
          "/boot/grub/grubenv",
          "# GRUB Environment Block\nsaved_entry=Fedora (rescue)\nboot_success=1\n####"
        ),
        ("/boot/grub/default", "1\n#\n#\n"),
      ])
  }

  static func dump(_ text: String, name: String) -> String {
    let file = MenuFile(device: "", path: ByteString("/boot/grub/" + name))
    let contents = ByteString(text)
    let interpreter = MenuInterpreter(environment: environment())
    let format = MenuFormat(path: file.path, text: contents)
    do throws(MenuError) {
      return dump(try interpreter.menu(contents, file: file, format: format), interpreter)
    } catch {
      return "error \(error.message.text)\n"
    }
  }

  /// A menu as text.
  static func dump(_ menu: Menu, _ interpreter: MenuInterpreter<FakeEnvironment>) -> String {
    var lines = ["format \(menu.format)"]
    lines.append("timeout \(menu.timeoutSeconds.map { "\($0)" } ?? "none") \(menu.timeoutStyle)")
    lines.append("fallback \(menu.fallbackNames.map { $0.text })")
    for password in menu.passwords {
      lines.append("password '\(password.user.text)' \(password.form)")
    }
    lines += saved(menu.savedVariables)
    lines += entries(menu, interpreter, indent: "")
    lines += menu.warnings.map { "warning \($0.message.text)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func saved(_ variables: [BootTarget.SavedVariable]) -> [String] {
    variables.map { "saves \($0.name.text)=\($0.value?.text ?? "(unset)") in \($0.file.name.text)" }
  }

  private static func entries(
    _ menu: Menu, _ interpreter: MenuInterpreter<FakeEnvironment>, indent: String
  ) -> [String] {
    var lines: [String] = []
    for (index, entry) in menu.entries.enumerated() {
      let isDefault = menu.defaultSelection?.index == index
      lines.append("\(indent)\(isDefault ? "*" : "-") \(entry.title.text) [\(entry.id.text)]")
      let rest = isDefault ? menu.defaultSelection?.rest ?? "" : ""
      lines += run(index, rest: rest, menu, interpreter).map { "\(indent)    \($0)" }
    }
    return lines
  }

  private static func run(
    _ index: Int, rest: ByteString, _ menu: Menu, _ interpreter: MenuInterpreter<FakeEnvironment>
  ) -> [String] {
    do throws(MenuError) {
      let run = try interpreter.run(index, of: menu, rest: rest)
      var lines: [String] = []
      switch run.outcome {
      case .boot(let target):
        lines.append("kernel \(target.kernel.name.text)")
        lines.append("command line \(target.commandLine.text)")
        lines += target.initrds.map { "initrd \($0.name.text)" }
        lines += target.modules.map { "module \($0.file.name.text) \($0.commandLine.text)" }
        lines += saved(target.savedVariables)
      case .menu(let inner): lines += entries(inner, interpreter, indent: "")
      case .reboot: lines.append("reboots")
      case .halt: lines.append("halts")
      case .close(let count): lines.append("leaves \(count) menus")
      case .exit: lines.append("exits")
      }
      let output = run.output.split(on: 0x0a).filter { !$0.isEmpty }
      lines += output.map { "prints \($0.text)" }
      lines += run.warnings.map { "warning \($0.message.text)" }
      return lines
    } catch {
      return ["error \(error.message.text)"]
    }
  }
}
