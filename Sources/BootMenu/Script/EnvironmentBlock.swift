// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The block of variables that GRUB 2 keeps in `grubenv` (GRUB manual, "Environment block"): a
/// header line, `name=value` lines in which a backslash quotes the next byte, and `#` up to the
/// end of the block.
struct EnvironmentBlock {
  /// The first line of every block.
  static let header: ByteString = "# GRUB Environment Block\n"
  /// The largest block that is read, in bytes; blocks have 1024 bytes.
  static let byteCountMax = 64 << 10

  /// The variables in their order.
  private(set) var variables: [(name: ByteString, value: ByteString)] = []

  /// Reads a block; nil if it has no header.
  init?(_ contents: ByteString) {
    guard contents.hasPrefix(EnvironmentBlock.header) else { return nil }
    var line = ByteString()
    var isQuoted = false
    for byte in contents.bytes.dropFirst(EnvironmentBlock.header.count) {
      if isQuoted {
        line.append(byte)
        isQuoted = false
      } else if byte == 0x5c {
        isQuoted = true
      } else if byte == ASCII.newline {
        add(line)
        line = ByteString()
      } else {
        line.append(byte)
      }
    }
  }

  private mutating func add(_ line: ByteString) {
    guard line.bytes.first != 0x23, let equals = line.bytes.firstIndex(of: 0x3d), equals > 0 else {
      return
    }
    variables.append(
      (ByteString(line.bytes[..<equals]), ByteString(line.bytes[(equals + 1)...])))
  }
}
