// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression
import Foundation

/// Packs with the host's tools.
enum Packer {
  struct Failed: Error {}

  /// What `command` writes to its output when it reads `input`.
  static func run(_ command: [String], _ input: [UInt8]) throws -> [UInt8] {
    let name = "pvgrub-" + UUID().uuidString
    let inputFile = FileManager.default.temporaryDirectory.appendingPathComponent(name + ".in")
    let outputFile = FileManager.default.temporaryDirectory.appendingPathComponent(name + ".out")
    defer {
      try? FileManager.default.removeItem(at: inputFile)
      try? FileManager.default.removeItem(at: outputFile)
    }
    try Data(input).write(to: inputFile)
    try Data().write(to: outputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return [UInt8](try Data(contentsOf: outputFile))
  }

  static func gzip(_ input: [UInt8]) throws -> [UInt8] { try run(["gzip", "-9"], input) }

  /// As the kernel's `scripts/xz_wrap.sh` does, with the size behind.
  static func xz(_ input: [UInt8], dictionary: String = "32MiB") throws -> [UInt8] {
    var size = [UInt8](repeating: 0, count: 4)
    size.store(UInt64(input.count), at: 0, count: 4)
    return try run(["xz", "--check=crc32", "--x86", "--lzma2=dict=" + dictionary], input) + size
  }

  /// The command of each format, as the kernel's build has it where that takes no minutes.
  static func command(_ format: PayloadFormat) -> [String] {
    switch format {
    case .uncompressed: ["cat"]
    case .gzip: ["gzip", "-n", "-9"]
    case .bzip2: ["bzip2", "-9"]
    case .lzma: ["xz", "--format=lzma", "-6"]
    case .xz: ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"]
    case .lzo: ["lzop", "-9"]
    case .lz4: ["lz4", "-l", "-9", "-", "-"]
    case .zstd: ["zstd", "-19"]
    }
  }

  static func pack(_ input: [UInt8], _ format: PayloadFormat) throws -> [UInt8] {
    try run(command(format), input)
  }

  /// A bzImage's payload: most formats have the unpacked size behind, which can be made to lie.
  static func payload(
    _ input: [UInt8], _ format: PayloadFormat, stated: Int? = nil
  ) throws -> [UInt8] {
    let packed = try pack(input, format)
    guard format.hasSizeField else { return packed }
    var size = [UInt8](repeating: 0, count: 4)
    size.store(UInt64(stated ?? input.count), at: 0, count: 4)
    return packed + size
  }
}
