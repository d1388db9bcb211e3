// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How GRUB 2 makes one command line of the arguments of `linux`.
enum LoaderCommandLine {
  /// The arguments with a space between them. One with spaces is put into double quotes, and a
  /// quote or a backslash gets a backslash in front, as GRUB 2's `linux` command passes them on;
  /// `\xHH` stays as it is, as in Red Hat's GRUB (`lib/cmdline.c`): udev and dracut read it.
  static func joined(_ arguments: some Sequence<ByteString>) -> ByteString {
    var result = ByteString()
    var isFirst = true
    for argument in arguments {
      if !isFirst { result.append(ASCII.space) }
      isFirst = false
      let isQuoted = argument.bytes.contains(ASCII.space)
      if isQuoted { result.append(0x22) }
      for (index, byte) in argument.bytes.enumerated() {
        if byte == 0x5c || byte == 0x27 || byte == 0x22, !isEscapedByte(argument, at: index) {
          result.append(0x5c)
        }
        result.append(byte)
      }
      if isQuoted { result.append(0x22) }
    }
    return result
  }

  /// Whether `\xHH` begins at `index`.
  private static func isEscapedByte(_ text: ByteString, at index: Int) -> Bool {
    let bytes = text.bytes
    return index + 3 < bytes.count && bytes[index] == 0x5c && bytes[index + 1] == 0x78
      && isHexDigit(bytes[index + 2]) && isHexDigit(bytes[index + 3])
  }

  /// Whether a byte is a hexadecimal digit; false if there is none.
  static func isHexDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return ASCII.isDigit(byte) || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66
  }
}
