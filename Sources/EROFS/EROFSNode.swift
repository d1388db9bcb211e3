// SPDX-License-Identifier: GPL-2.0-or-later

/// A file of an EROFS: the number of its inode.
public struct EROFSNode: Equatable, Sendable {
  let number: UInt64
}
