// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

extension FileTree {
  /// What is in the directory at `path` of the host, of permission bits the lower nine.
  public init(directory path: String) throws {
    self.init()
    let text = try HostTool.output(["find", path, "-printf", #"%P\0%y\0%m\0%l\0%T@\0"#])
    let words = text.split(separator: 0, omittingEmptySubsequences: false)
    for start in stride(from: 0, to: words.count - 4, by: 5) {
      let word = words[start..<start + 5].map { String(decoding: $0, as: UTF8.self) }
      let kinds = ["f": "file", "d": "directory", "l": "link"]
      var file = File(kinds[word[1]] ?? "special")
      file.mode = UInt16(word[2], radix: 8).map { $0 & 0o777 }
      file.modificationTime = Int64(word[4].prefix { $0 != "." })
      if file.kind == "file" {
        file.contents = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(word[0])")))
      }
      if file.kind == "link" { file.target = Array(words[start + 3]) }
      files[Array(words[start])] = file
    }
  }
}
