// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BootMenu
import Bytes
import Foundation

/// `plan`: the entries of a menu and what each boots.
struct Plan: ParsableCommand {
  /// The language of a menu, as given on the command line.
  enum Language: String, ExpressibleByArgument {
    case auto, grub2, legacy
  }

  static let configuration = CommandConfiguration(
    abstract: "Prints the entries of a menu, what each boots, and which is the default.",
    discussion: "Exit status: 0 the default entry boots, 1 it does not, 2 bad input.")

  @Option(help: "A menu file, read without the file system around it.")
  var config: String

  @Option(help: "The language of the menu: auto, grub2 or legacy.")
  var language = Language.auto

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard let data = FileManager.default.contents(atPath: config) else {
      throw complaint("\(config) can't be read")
    }
    let text = ByteString(Array(data))
    let format: MenuFormat =
      switch language {
      case .auto: MenuFormat(path: ByteString(config), text: text)
      case .grub2: .grub2
      case .legacy: .legacy
      }
    let path: ByteString = format == .legacy ? "/boot/grub/menu.lst" : "/boot/grub/grub.cfg"
    let file = MenuFile(device: "", path: path)
    var interpreter = MenuInterpreter(environment: SingleFile(file: file, contents: text))
    if config.hasSuffix("loopback.cfg") {
      // Such a menu is read by another one that has set this.
      interpreter.presets.append(("iso_path", "${iso_path}"))
    }
    do throws(MenuError) {
      let menu = try interpreter.menu(text, file: file, format: format)
      let report = PlanReport(menu, interpreter: interpreter)
      if json { print(report.json(file: config)) } else { print(report.text) }
      if !report.isBootable { throw MenuError.noEntries(file) }
    } catch {
      if case .noEntries = error { throw ExitCode(1) }
      throw complaint(error.message.text)
    }
  }

  private func complaint(_ text: String) -> ExitCode {
    FileHandle.standardError.write(Data("pvgrub-tool: \(text)\n".utf8))
    return ExitCode(2)
  }
}

/// A world with one file in it, and an environment block that nobody knows: what Fedora keeps there
/// is shown as it is written in menus.
final class SingleFile: MenuEnvironment {
  private let file: MenuFile
  private let contents: ByteString
  private let environmentBlock: ByteString =
    "# GRUB Environment Block\nkernelopts=$kernelopts\n"

  init(file: MenuFile, contents: ByteString) {
    self.file = file
    self.contents = contents
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    if file.path.hasSuffix("/grubenv") { return environmentBlock }
    return file == self.file && contents.count <= byteCountMax ? contents : nil
  }
  func kind(of file: MenuFile) -> MenuFileKind? {
    contents(of: file, byteCountMax: .max).map { .file(byteCount: UInt64($0.count)) }
  }
  func device(having key: SearchKey) -> ByteString? { nil }
  func names(inDirectory directory: MenuFile) -> [ByteString]? { nil }
  func deviceNames() -> [ByteString] { [] }
}
