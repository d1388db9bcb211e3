// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// Runs the real packers of the host, so that our decoders meet streams that we did not make.
enum Oracle {
  /// What `command` writes to its output when it reads `input`.
  static func run(_ command: [String], input: [UInt8]) throws -> [UInt8] {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let inputFile = directory.appendingPathComponent("input")
    let outputFile = directory.appendingPathComponent("output")
    try Data(input).write(to: inputFile)
    try Data().write(to: outputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw OracleError.failed(command) }
    return [UInt8](try Data(contentsOf: outputFile))
  }

  /// Bytes that pack to about half: runs of random bytes and of text.
  static func sample(byteCount: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    while bytes.count < byteCount {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if state >> 63 == 0 {
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: state >> UInt64(8 * shift))) }
      } else {
        bytes.append(contentsOf: Array("a line of text, and another. ".utf8))
      }
    }
    return Array(bytes.prefix(byteCount))
  }
}

enum OracleError: Error {
  case failed([String])
}
