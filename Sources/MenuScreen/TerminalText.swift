// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Text from the guest's disk that is printed outside of a screen: labels, names, contents.
public enum TerminalText {
  /// `text` with tabs as blanks, and everything else that is neither printable nor a line feed as
  /// `?`: a disk must not send commands to an administrator's terminal.
  public static func harmless(_ text: ByteString) -> ByteString {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    // No array for each character: a text may have a million of them.
    let bytes = text.bytes
    var index = 0
    while index < bytes.count {
      let length = ScreenText.characterByteCount(bytes, at: index)
      if length > 0 {
        result += bytes[index..<index + length]
      } else {
        switch bytes[index] {
        case ASCII.newline: result.append(ASCII.newline)
        case ASCII.tab: result.append(ASCII.space)
        default: result.append(0x3f)
        }
      }
      index += max(length, 1)
    }
    return ByteString(result)
  }
}
