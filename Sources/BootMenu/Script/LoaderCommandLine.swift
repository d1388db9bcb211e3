// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How GRUB 2 makes one command line of the arguments of `linux`.
enum LoaderCommandLine {
  /// The arguments with a space between them. One with spaces is put into double quotes, and a
  /// quote or a backslash gets a backslash in front, as GRUB 2's `linux` command passes them on.
  static func joined(_ arguments: some Sequence<ByteString>) -> ByteString {
    var result = ByteString()
    var isFirst = true
    for argument in arguments {
      if !isFirst { result.append(ASCII.space) }
      isFirst = false
      let isQuoted = argument.bytes.contains(ASCII.space)
      if isQuoted { result.append(0x22) }
      for byte in argument.bytes {
        if byte == 0x5c || byte == 0x27 || byte == 0x22 { result.append(0x5c) }
        result.append(byte)
      }
      if isQuoted { result.append(0x22) }
    }
    return result
  }
}
