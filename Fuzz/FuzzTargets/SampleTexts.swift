// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The sample menus of the project.
enum SampleTexts {
  /// All of them, in pieces of at most `byteCountMax` bytes that begin at a line.
  static func pieces(byteCountMax: Int) -> [[UInt8]] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("menus")
    let names = FileManager.default.enumerator(atPath: folder.path)?.allObjects ?? []
    var result: [[UInt8]] = []
    for name in names.compactMap({ $0 as? String }).sorted() {
      let path = folder.appendingPathComponent(name).path
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      var rest = [UInt8](data)[...]
      while !rest.isEmpty {
        var end = min(rest.endIndex, rest.startIndex + byteCountMax)
        if end < rest.endIndex, let line = rest[..<end].lastIndex(of: 0x0a) { end = line + 1 }
        result.append(Array(rest[..<end]))
        rest = rest[end...]
      }
    }
    return result
  }
}
