// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import TestSupport

/// GRUB 2 itself, as Debian packages it for the running system: its parser (`grub-script-check` of
/// grub-common) and its interpreter (`grub-emu`). `make install` installs both.
enum GrubOracle {
  /// Whether GRUB's parser takes all of a script.
  static func accepts(_ script: String) throws -> Bool {
    try inDirectory { directory in
      let file = directory.appendingPathComponent("script")
      try Data(script.utf8).write(to: file)
      return try run(["grub-script-check", file.path]).status == 0
    }
  }

  /// The lines that a script prints in GRUB, without error messages and empty lines; nil if it took
  /// longer than three seconds.
  static func printed(_ script: String) throws -> [String]? {
    try inDirectory { directory in
      try Data((script + "\nexit\n").utf8)
        .write(to: directory.appendingPathComponent("grub.cfg"))
      let result = try run([
        "timeout", "-s", "KILL", "3", "grub-emu", "-d", directory.path, "-r", "host",
      ])
      if result.status == 137 || result.status == 9 { return nil }
      // Escapes set colours; what GRUB says before the script ends with a line of its own.
      let text = result.output
        .replacingOccurrences(of: "\u{1b}\\[[0-9;]*m", with: "", options: .regularExpression)
        .replacingOccurrences(of: "\r", with: "")
      guard let start = text.range(of: "Welcome to GRUB!\n") else { throw Failure(text: text) }
      return lines(String(text[start.upperBound...])).filter { !$0.hasPrefix("error:") }
    }
  }

  /// The lines of a text that are not blank, with single blanks: a terminal widens tabs.
  static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }.filter { !$0.isEmpty }
  }

  struct Failure: Error {
    var text: String
  }

  private static func inDirectory<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-grub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory)
  }

  static func run(
    _ command: [String], environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String) {
    let result = try HostTool.run(
      command, environment: ["LC_ALL": "C"].merging(environment) { $1 })
    return (result.status, String(decoding: result.output, as: UTF8.self))
  }
}
