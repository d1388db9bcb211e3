// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The project's files.
struct SourceTree: Sendable {
  /// The project as it is on the disk.
  static let project = SourceTree(
    root: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent())

  private static let endings = ["swift", "c", "h", "S", "ld", "modulemap", "sh", "bash", "py"]

  let root: URL
  /// All Swift, C and assembly files, linker scripts, module maps and recipes, by path.
  let files: [SourceFile]

  private init(root: URL) {
    self.root = root
    var paths = ["Package.swift"]
    for directory in ["Sources", "Tests", "Fuzz", "testimages", "lab"] {
      let top = root.appendingPathComponent(directory).path
      let found = FileManager.default.enumerator(atPath: top)
      while let path = found?.nextObject() as? String {
        let isSource = Self.endings.contains(URL(fileURLWithPath: path).pathExtension)
        if isSource, !path.contains("__pycache__") { paths.append("\(directory)/\(path)") }
      }
    }
    var files: [SourceFile] = []
    for path in paths.sorted() {
      guard let data = FileManager.default.contents(atPath: root.appendingPathComponent(path).path)
      else { continue }
      files.append(SourceFile(path: path, text: String(decoding: data, as: UTF8.self)))
    }
    self.files = files
  }

  /// The Swift files below a directory.
  func swift(_ directory: String) -> [SourceFile] {
    files.filter { $0.path.hasPrefix(directory) && $0.path.hasSuffix(".swift") }
  }

  /// The text of any file; nil if it is not there.
  func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: root.appendingPathComponent(path).path)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names of the modules in Sources.
  var modules: [String] {
    let sources = root.appendingPathComponent("Sources")
    let names = try? FileManager.default.contentsOfDirectory(atPath: sources.path)
    return (names ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }
}
