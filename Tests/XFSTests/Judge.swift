// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import XFS

/// What xfs_db says about an image.
struct Judge {
  let path: String

  /// What xfs_db prints when it is given `commands`, one a line.
  func output(_ commands: [String]) throws -> [Substring] {
    let input = Array((commands.joined(separator: "\n") + "\n").utf8)
    let output = try HostTool.output(["xfs_db", "-r", "-f", path], input: input)
    return String(decoding: output, as: UTF8.self).split(separator: "\n")
  }

  /// Compares sizes, times and extents of files, directories and links.
  func compare<Device: BlockDevice>(
    _ files: [(path: String, node: XFSNode)], in system: XFSFileSystem<Device>
  ) throws {
    var commands: [String] = []
    for file in files {
      commands += [
        "inode \(file.node.inode)", "print core.size", "print core.mtime.sec", "bmap -d",
      ]
    }
    var expected: [Substring] = []
    for file in files { expected += try lines(of: file.node, in: system) }
    let found = try output(commands)
    #expect(found == expected)
  }

  /// What xfs_db should print of an inode.
  private func lines<Device: BlockDevice>(
    of node: XFSNode, in system: XFSFileSystem<Device>
  ) throws -> [Substring] {
    let inode = try system.inode(node.inode)
    var time = time_t(inode.modificationTime)
    var fields = tm()
    gmtime_r(&time, &fields)
    var text = [CChar](repeating: 0, count: 32)
    _ = strftime(&text, text.count, "%a %b %e %H:%M:%S %Y", &fields)
    let words = String(decoding: text.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
    var lines: [Substring] = ["core.size = \(inode.byteCount)", "core.mtime.sec = \(words)"]
    if inode.format == .local { return lines }
    var cursor = try ExtentCursor(inode, in: system)
    while let record = try cursor.next() {
      let group = record.block >> system.superblock.groupBlockLog
      let inGroup = record.block & (1 << system.superblock.groupBlockLog - 1)
      lines.append(
        "data offset \(record.fileBlock) startblock \(record.block) (\(group)/\(inGroup)) "
          + "count \(record.count) flag \(record.isUnwritten ? 1 : 0)")
    }
    return lines
  }
}
