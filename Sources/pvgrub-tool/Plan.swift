// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BlockIO
import BootMenu
import BootPlan
import Bytes

/// `plan`: what the loader would do with a guest's disks, or with a menu alone.
struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what the loader would boot from disks, from a directory, or from a menu.",
    discussion: """
      A disk is a raw image or a block device, in the order of the guest config: \
      [VDEV[:cdrom]=]FILE, by default xvda, xvdb and so on.

      Exit status: 0 something boots; 1 nothing does, as a menu or a file is missing; 2 bad \
      input. Of disks, without --json, also: 3 a feature is not supported; 4 something on the disk \
      is damaged; 5 a disk can't be read.
      """)

  @OptionGroup var source: MenuSource

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    if !json, !source.allDisks.isEmpty { return try runDisks() }
    let (report, name) = try source.report()
    print(json ? report.json(file: name) : report.text)
    if !report.isBootable { throw ExitCode(1) }
  }

  private func runDisks() throws {
    let plan = DiskPlan(try source.openDisks(), options: HostOptions(ByteString(source.extra)))
    for line in plan.lines { print(line.text) }
    if let failure = plan.failure {
      complain(failure.message.text)
      throw ExitCode(failure.family.exitStatus)
    }
  }
}

/// `menu`: the lines of the menu, and what one of them boots.
struct ShowMenu: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "menu", abstract: "Prints the lines of the menu that a guest would show.",
    discussion: """
      A star marks the entry that boots when nobody touches a key. Exit status: 0 the default, or \
      the entry of --entry, boots something; 1 it does not; 2 bad input.
      """)

  @OptionGroup var source: MenuSource

  @Option(help: "Only this entry with what it boots: a path such as 0 or 1>2.")
  var entry: String?

  func run() throws {
    let (report, _) = try source.report()
    guard let entry else {
      print(report.titles)
      if !report.isBootable { throw ExitCode(1) }
      return
    }
    guard let found = report.entry(entry.split(separator: ">").compactMap { Int($0) }) else {
      throw complaint("no entry \(entry)")
    }
    print(report.text(of: found))
    if found.target == nil { throw ExitCode(1) }
  }
}
