// SPDX-License-Identifier: GPL-2.0-or-later

/// 16 bytes that name a file system or a partition.
public struct GUID: Equatable, Sendable {
  /// The bytes in the order of their text form.
  public let bytes: [UInt8]

  /// Decodes 16 bytes stored in the order of their text, as file systems do (RFC 9562).
  public init?(_ view: ByteView, at offset: Int) {
    guard let field = view.slice(at: offset, count: 16) else { return nil }
    bytes = field.bytes
  }

  /// Decodes 16 bytes with the first three fields low byte first, as GPT does
  /// (UEFI 2.10, appendix A).
  public init?(mixedEndian view: ByteView, at offset: Int) {
    guard let raw = view.slice(at: offset, count: 16)?.bytes else { return nil }
    bytes = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { raw[$0] }
  }

  /// Whether all bytes are zero: no name at all.
  public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

  /// The text form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in lower case.
  public var text: ByteString {
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { result.append(0x2d) }
      Numbers.appendHexadecimal(UInt64(byte), digitCountMin: 2, to: &result)
    }
    return ByteString(result)
  }
}
