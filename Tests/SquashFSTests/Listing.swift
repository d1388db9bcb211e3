// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Foundation
import TestSupport

extension FileTree {
  /// What `unsquashfs` finds: the definitions of its pseudo file, then the contents of all files.
  init(unsquashfs path: String) throws {
    self.init()
    // Beside the image, in whose directory nothing is left behind.
    let file = path + ".listing"
    _ = try HostTool.output(["unsquashfs", "-no-progress", "-pf", file, path])
    let output = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    let mark = Array("# START OF DATA - DO NOT MODIFY\n#\n".utf8)
    var position = 0
    var lines: [[UInt8]] = []
    while !output[position...].starts(with: mark) {
      guard let end = output[position...].firstIndex(of: 0x0a) else { return }
      lines.append(Array(output[position..<end]))
      position = end + 1
    }
    let data = output[(position + mark.count)...]
    var links: [(path: [UInt8], target: [UInt8])] = []
    for line in lines where line.first != 0x23 && !line.isEmpty {
      let words = Self.words(line)
      let name = words[0] == [ASCII.slash] ? [] : words[0]
      let kind = String(decoding: words[1], as: UTF8.self)
      if kind == "L" {
        links.append((name, words[2]))
        continue
      }
      let numbers = words.map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
      var file = File("special")
      switch kind {
      case "D": file.kind = "directory"
      case "S":
        file.kind = "link"
        file.target = words[6]
      case "R":
        file.kind = "file"
        let start = data.startIndex + numbers[7]
        file.contents = Array(data[start..<start + numbers[6]])
      default: break
      }
      file.modificationTime = Int64(numbers[2])
      file.mode = UInt16(String(decoding: words[3], as: UTF8.self), radix: 8)
      files[name] = file
    }
    for link in links { files[link.path] = files[link.target] }
  }

  /// The words of a line, in which a backslash stands before blanks of a name.
  private static func words(_ line: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in line {
      if !isEscaped, byte == 0x20 {
        result.append([])
      } else if !isEscaped, byte == 0x5c {
        isEscaped = true
      } else {
        result[result.count - 1].append(byte)
        isEscaped = false
      }
    }
    return result
  }
}
