// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Text for a terminal outside of a screen: labels, file names and contents of the guest's disk.
public enum TerminalText {
  /// `text` with everything that is neither a printable character nor a line feed made `?`, and
  /// tabs made blanks: a disk sends no commands to an administrator's terminal.
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
