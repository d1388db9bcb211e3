// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// One word of the host's options: `name` or `name=value`.
public struct HostWord: Equatable, Sendable {
  /// What stands in front of the first `=`, or the whole word.
  public var name: ByteString
  /// What stands after the first `=`; nil if there is none.
  public var value: ByteString?

  /// A word by its parts.
  public init(name: ByteString, value: ByteString?) {
    self.name = name
    self.value = value
  }

  /// The word as it was written, without its quotes.
  public var text: ByteString { value.map { "\(name)=\($0)" } ?? name }

  /// Takes a command line apart: blanks end a word except between quotes, double or single, which
  /// may begin anywhere in a word and go away. A quote that is never closed goes to the end.
  public static func words(_ commandLine: ByteString) -> [HostWord] {
    var result: [HostWord] = []
    var text = ByteString()
    var isBegun = false
    var quote: UInt8?
    for byte in commandLine.bytes {
      if let open = quote {
        if byte == open { quote = nil } else { text.append(byte) }
      } else if byte == 0x22 || byte == 0x27 {
        quote = byte
        isBegun = true
      } else if ASCII.isBlank(byte) {
        if isBegun { result.append(HostWord(text)) }
        (text, isBegun) = ("", false)
      } else {
        text.append(byte)
        isBegun = true
      }
    }
    if isBegun { result.append(HostWord(text)) }
    return result
  }

  private init(_ text: ByteString) {
    let name = ByteString(text.bytes.prefix { $0 != 0x3d })
    self.name = name
    value = name.count < text.count ? text.dropFirst(name.count + 1) : nil
  }
}
