// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// GRUB 2 itself, as Debian packages it for the running system: its parser (`grub-script-check` of
/// grub-common) and its interpreter (`grub-emu`). `make install` installs both.
package enum GrubOracle {
  /// Whether GRUB's parser takes all of a script.
  package static func accepts(_ script: String) throws -> Bool {
    try inDirectory { directory in
      let file = directory.appendingPathComponent("script")
      try Data(script.utf8).write(to: file)
      return try run(["grub-script-check", file.path]).status == 0
    }
  }

  /// The lines that a script prints in GRUB, without error messages and empty lines; nil if it took
  /// longer than three seconds. `emulator` is a `grub-emu`; `disk` becomes its `hd0`; such a script
  /// ends by itself.
  package static func printed(
    _ script: String, emulator: String = "grub-emu", disk: [UInt8]? = nil
  ) throws -> [String]? {
    try inDirectory { directory in
      try Data((disk == nil ? script + "\nexit\n" : script).utf8)
        .write(to: directory.appendingPathComponent("grub.cfg"))
      var command = [
        "timeout", "-s", "KILL", "3", emulator, "-d", directory.path, "-r", "host",
      ]
      if let disk {
        let image = directory.appendingPathComponent("disk")
        try Data(disk).write(to: image)
        let map = directory.appendingPathComponent("device.map")
        try Data("(hd0) \(image.path)\n".utf8).write(to: map)
        command += ["-m", map.path]
      }
      let result = try run(command)
      if result.status == 137 || result.status == 9 { return nil }
      let text = plain(result.output)
      guard let start = text.range(of: "Welcome to GRUB!\n") else { throw Failure(text: text) }
      return lines(String(text[start.upperBound...]))
    }
  }

  /// What a terminal would show, without errors: escapes set colours and places, and GRUB writes in
  /// the last line how much of a file it has read.
  private static func plain(_ output: String) -> String {
    var text = output.replacingOccurrences(of: "\r", with: "")
    for pattern in [
      "\u{1b}\\[[0-9;]*H *\\[[^\\]\n]*[0-9.]+[KM]?i?B +[0-9]+% +[0-9.]+[KM]?i?B/s *\\]",
      "\u{1b}\\[[0-9;]*[a-zA-Z]", "error: [^\n]*\n", "  Booting `[^\n]*\n",
    ] {
      text = text.replacingOccurrences(of: pattern, with: "", options: .regularExpression)
    }
    return text
  }

  /// The lines of a text that are not blank, with single blanks: a terminal widens tabs.
  package static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }.filter { !$0.isEmpty }
  }

  package struct Failure: Error {
    package var text: String

    package init(text: String) { self.text = text }
  }

  private static func inDirectory<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-grub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory)
  }

  package static func run(
    _ command: [String], environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String) {
    let result = try HostTool.run(
      command, environment: ["LC_ALL": "C"].merging(environment) { $1 })
    return (result.status, String(decoding: result.output, as: UTF8.self))
  }
}
