// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation

/// `plan`: what the loader would do with a guest's disks, or with a menu alone.
struct Plan: ParsableCommand {
  /// The language of a menu, as given on the command line.
  enum Language: String, ExpressibleByArgument {
    case auto, grub2, legacy, syslinux, bls
  }

  static let configuration = CommandConfiguration(
    abstract: "Prints what the loader would boot from a guest's disks, or from a menu alone.",
    discussion: """
      A disk is a raw image or a block device, in the order of the guest config: \
      [VDEV[:cdrom]=]FILE, by default xvda, xvdb and so on.

      Exit status: 0 something boots; 1 nothing does, as a menu or a file is missing; 2 bad \
      input; 3 a feature is not supported; 4 something on the disk is damaged; 5 a disk can't be \
      read.
      """)

  @Argument(help: "The guest's disks.")
  var disks: [String] = []

  @Option(help: "What the guest config says in extra= or cmdline=.")
  var extra = ""

  @Option(help: "A menu file, read without the file system around it, in place of disks.")
  var config: String?

  @Option(help: "The language of the menu: auto, grub2, legacy, syslinux or bls.")
  var language = Language.auto

  @Flag(help: "Print JSON; with --config only.")
  var json = false

  func validate() throws {
    if (config == nil) == disks.isEmpty { throw ValidationError("name disks, or --config") }
    if json, config == nil { throw ValidationError("--json needs --config") }
  }

  func run() throws {
    guard let config else { return try runDisks() }
    try run(config)
  }

  private func runDisks() throws {
    var guests: [GuestDisk<CachedDevice<ImageFile>>] = []
    for (index, argument) in disks.enumerated() {
      let disk = DiskArgument(argument, index: index)
      guests.append(GuestDisk(CachedDevice(try disk.open()), isOptical: disk.isOptical))
    }
    let plan = DiskPlan(guests, options: HostOptions(ByteString(extra)))
    for line in plan.lines { print(line.text) }
    if let failure = plan.failure {
      complain(failure.message.text)
      throw ExitCode(failure.family.exitStatus)
    }
  }

  private func run(_ config: String) throws {
    guard let data = FileManager.default.contents(atPath: config) else {
      throw complaint("\(config) can't be read")
    }
    let text = ByteString(Array(data))
    let format: MenuFormat =
      switch language {
      case .auto: MenuFormat(path: ByteString(config), text: text)
      case .grub2: .grub2
      case .legacy: .legacy
      case .syslinux: .syslinux
      case .bls: .bls
      }
    let file = MenuFile(device: "", path: path(of: config, format))
    var interpreter = MenuInterpreter(environment: SingleFile(file: file, contents: text))
    interpreter.unknown = SingleFile.unknown(inFile: config)
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

  /// Where a menu alone is taken to be. A configuration of syslinux is in no directory, so that
  /// names without a slash stay as they are.
  private func path(of config: String, _ format: MenuFormat) -> ByteString {
    let name = URL(fileURLWithPath: config).lastPathComponent
    return switch format {
    case .legacy: "/boot/grub/menu.lst"
    case .grub2: "/boot/grub/grub.cfg"
    case .syslinux: ByteString(name)
    case .bls: ByteString("/loader/entries/" + name)
    }
  }
}
