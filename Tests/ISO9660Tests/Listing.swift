// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import TestSupport

/// What another implementation finds in an image.
struct Listing {
  struct File: Equatable {
    var kind: String
    var mode: UInt16?
    var byteCount: UInt64?
    var target: [UInt8]?
    /// What `cksum` of POSIX gives for the contents.
    var checksum: UInt32?
    var modificationTime: Int64?
  }

  /// By path without a slash in front; the root is empty.
  var files: [[UInt8]: File] = [:]

  /// What libarchive finds: its list in the form of mtree.
  init(libarchive path: String) throws {
    let text = try Self.output(
      "/usr/bin/bsdtar",
      ["-cf", "-", "--format=mtree", "--options=!all,type,mode,size,link,time,cksum", "@" + path])
    for line in text.split(separator: 0x0a).dropFirst() {
      var words = line.split(separator: 0x20).map { Self.unescaped(Array($0)) }
      let name = words.removeFirst()
      var file = File(kind: "")
      for word in words {
        guard let equals = word.firstIndex(of: 0x3d) else { continue }
        let value = Array(word[(equals + 1)...])
        let text = String(decoding: value, as: UTF8.self)
        switch String(decoding: word[..<equals], as: UTF8.self) {
        case "type": file.kind = text
        case "mode": file.mode = UInt16(text, radix: 8)
        case "size": file.byteCount = UInt64(text)
        case "link": file.target = value
        case "cksum": file.checksum = UInt32(text)
        case "time": file.modificationTime = Int64(text.prefix { $0 != "." })
        default: break
        }
      }
      files[name == [0x2e] ? [] : Array(name.dropFirst(2))] = file
    }
  }

  /// What xorriso takes out of an image with Rock Ridge.
  init(xorriso path: String) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    _ = try Self.output(
      "/usr/bin/xorriso",
      [
        "-osirrox", "on:auto_chmod_on", "-indev", path, "-extract", "/", directory.path,
        "-rollback_end",
      ])
    let text = try Self.output(
      "/usr/bin/find", [directory.path, "-printf", #"%P\0%y\0%m\0%s\0%l\0%T@\0"#])
    let words = text.split(separator: 0, omittingEmptySubsequences: false)
    for start in stride(from: 0, to: words.count - 5, by: 6) {
      let word = words[start..<start + 6].map { String(decoding: $0, as: UTF8.self) }
      let kinds = ["f": "file", "d": "dir", "l": "link", "p": "fifo"]
      var file = File(kind: kinds[word[1]] ?? word[1])
      file.mode = UInt16(word[2], radix: 8)
      file.modificationTime = Int64(word[5].prefix { $0 != "." })
      if file.kind == "file" {
        let contents = try Data(contentsOf: directory.appendingPathComponent(word[0]))
        file.byteCount = UInt64(contents.count)
        file.checksum = posixChecksum([UInt8](contents))
      }
      if file.kind == "link" { file.target = Array(words[start + 4]) }
      files[Array(words[start])] = file
    }
  }

  static func output(_ program: String, _ arguments: [String]) throws -> [UInt8] {
    try HostTool.output([program] + arguments)
  }

  /// `\040` and the like as bytes.
  private static func unescaped(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
      if text[index] == 0x5c, index + 3 < text.count {
        let digits = text[index + 1...index + 3].map { Int($0) - 0x30 }
        result.append(UInt8(truncatingIfNeeded: digits[0] << 6 | digits[1] << 3 | digits[2]))
        index += 4
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}

/// The checksum of POSIX' `cksum`: the bytes, then their number, low byte first.
func posixChecksum(_ bytes: [UInt8]) -> UInt32 {
  var count = bytes.count
  var tail: [UInt8] = []
  while count > 0 {
    tail.append(UInt8(truncatingIfNeeded: count))
    count >>= 8
  }
  var state: UInt32 = 0
  checksumTable.withUnsafeBufferPointer { table in
    for part in [bytes, tail] {
      for byte in part { state = state << 8 ^ table[Int(state >> 24 ^ UInt32(byte))] }
    }
  }
  return ~state
}

private let checksumTable: [UInt32] = (0..<256).map { index in
  (0..<8).reduce(UInt32(index) << 24) { value, _ in
    value & 0x8000_0000 == 0 ? value << 1 : value << 1 ^ 0x04c1_1db7
  }
}
