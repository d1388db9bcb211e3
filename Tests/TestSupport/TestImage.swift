// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Foundation

/// A disk image made by a recipe of `testimages/`, in a directory of its own until it goes.
public final class TestImage {
  /// What went wrong with a recipe.
  public struct Failure: Error, CustomStringConvertible {
    /// The recipe and what it printed.
    public let description: String
  }

  private let directory: URL

  /// The image's path.
  public var path: String { directory.appendingPathComponent("image").path }

  /// Runs `testimages/<recipe>.sh IMAGE arguments...`. Throws if the recipe fails, as it does
  /// without mke2fs: there are no skipped tests.
  public convenience init(_ recipe: String, _ arguments: String...) throws {
    try self.init(recipe, arguments: arguments)
  }

  /// The same with the arguments in an array.
  public init(_ recipe: String, arguments: [String]) throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("testimages/\(recipe).sh")
    let log = directory.appendingPathComponent("log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-eu", script.path, path] + arguments
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
    let handle = try FileHandle(forWritingTo: log)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      throw Failure(description: "\(recipe).sh \(process.terminationStatus): \(text)")
    }
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The image as a disk.
  public func device() throws -> FileDevice {
    guard let device = FileDevice(path: path) else {
      throw Failure(description: "no image at \(path)")
    }
    return device
  }

  /// The image's bytes.
  public func bytes() throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
