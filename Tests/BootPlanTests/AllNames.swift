// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes

extension MountedFileSystem {
  /// The names in a directory as a list, which only tests make.
  func allNames(_ path: ByteString) throws -> [ByteString] {
    var result: [ByteString] = []
    try visitNames(path) { name in
      result.append(name)
      return true
    }
    return result
  }
}
