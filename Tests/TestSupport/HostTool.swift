// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// Runs the programs of the host that make what tests read, or that judge it.
public enum HostTool {
  /// A program that is not there, or that failed.
  public struct Failure: Error, CustomStringConvertible {
    /// The command, its status and what it printed.
    public let description: String
  }

  /// What `command` prints when it reads `input`, and its status; what it prints as errors is
  /// dropped, or is among the output. Throws if there is no such program.
  public static func run(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:],
    keepingErrors: Bool = false
  ) throws -> (status: Int32, output: [UInt8]) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
      "HOME": "/nonexistent", "TERM": "dumb",
    ].merging(environment) { $1 }
    // A file, since a pipe that nobody empties would hold both sides up.
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-input-\(UUID().uuidString)")
    try Data(input).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    process.standardInput = try FileHandle(forReadingFrom: file)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = keepingErrors ? pipe : FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus != 127 else {
      throw Failure(description: "\(command[0]) is not here: run make install")
    }
    return (process.terminationStatus, [UInt8](output))
  }

  /// What `command` prints when it reads `input`; throws if it fails.
  public static func output(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:],
    keepingErrors: Bool = false
  ) throws -> [UInt8] {
    let (status, output) = try run(
      command, input: input, environment: environment, keepingErrors: keepingErrors)
    guard status == 0 else {
      let text = keepingErrors ? String(decoding: output, as: UTF8.self) : ""
      throw Failure(description: "\(command.joined(separator: " ")): \(status) \(text)")
    }
    return output
  }
}
