// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import Foundation

/// The disks that a recipe makes around some files: members of an array, physical volumes.
public final class MemberImages {
  private let image: TestImage
  private let count: Int

  /// Runs `testimages/<recipe>.sh` with `arguments`, in which `@0`, `@1` and so on stand for files
  /// that hold `data`; it makes `count` images.
  public init(_ recipe: String, count: Int, data: [[UInt8]], _ arguments: [String]) throws {
    var words = arguments
    var files: [URL] = []
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    for (index, bytes) in data.enumerated() {
      let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("pvgrub-data-\(UUID().uuidString)")
      try Data(bytes).write(to: file)
      files.append(file)
      words = words.map { $0.replacingOccurrences(of: "@\(index)", with: file.path) }
    }
    self.count = count
    image = try TestImage(recipe, arguments: words)
  }

  /// The paths of the images.
  public var paths: [String] { (0..<count).map { "\(image.path).\($0)" } }

  /// The bytes of the images.
  public func bytes() throws -> [[UInt8]] {
    try paths.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
  }

  /// The images as disks in memory, `xvda` and on.
  public func devices() throws -> [MemoryDevice] {
    try bytes().enumerated().map { index, bytes in
      MemoryDevice(name: ByteString([0x78, 0x76, 0x64, 0x61 + UInt8(index)]), bytes: bytes)
    }
  }
}
