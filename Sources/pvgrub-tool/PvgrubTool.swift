// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

/// The host program: what the loader would do, without a domain.
@main
struct PvgrubTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pvgrub-tool",
    abstract: "Shows what pvgrub-swift would boot, without a domain.",
    subcommands: [
      Plan.self, ShowMenu.self, List.self, Cat.self, Stat.self, Blocks.self, FileSystemInfo.self,
    ])
}
