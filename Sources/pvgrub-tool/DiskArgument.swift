// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Foundation

/// A disk as the command line names it: `[VDEV[:cdrom]=]FILE`.
struct DiskArgument: Equatable {
  /// The name that the guest gives the disk.
  var name: ByteString
  /// The file with its contents.
  var path: String
  /// Whether it is an optical one.
  var isOptical = false

  /// Takes an argument apart. Without a name, the disk is `xvda`, `xvdb` and so on by its index.
  init(_ text: String, index: Int) {
    path = text
    // The first letters alone: more than 26 disks have to be named.
    name = ByteString([0x78, 0x76, 0x64, 0x61 + UInt8(min(index, 25))])
    guard let equals = text.firstIndex(of: "="), !FileManager.default.fileExists(atPath: text)
    else {
      return
    }
    path = String(text[text.index(after: equals)...])
    let vdev = ByteString(String(text[..<equals]))
    isOptical = vdev.hasSuffix(":cdrom")
    name = isOptical ? ByteString(Array(vdev.bytes.dropLast(6))) : vdev
  }

  /// Opens the file; complains if that fails.
  func open() throws -> ImageFile {
    guard let file = ImageFile(path: path, name: name) else {
      throw complaint("\(path) can't be read")
    }
    return file
  }
}
