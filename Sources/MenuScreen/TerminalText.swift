// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Text from the guest's disk that is printed outside of a screen: labels, names, contents.
public enum TerminalText {
  /// `text` with tabs as blanks, and everything else that is neither printable nor a line feed as
  /// `?`: a disk must not send commands to an administrator's terminal.
  public static func harmless(_ text: ByteString) -> ByteString {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for (index, line) in text.bytes.split(
      separator: ASCII.newline, omittingEmptySubsequences: false
    )
    .enumerated() {
      if index > 0 { result.append(ASCII.newline) }
      let plain = line.map { $0 == ASCII.tab ? ASCII.space : $0 }
      for cell in ScreenText(ByteString(plain)).cells { result += cell }
    }
    return ByteString(result)
  }
}
