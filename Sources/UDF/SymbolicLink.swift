// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The target of a symbolic link: path components (ECMA-167, 4/14.16).
enum SymbolicLink {
  /// The components as a path; nil if they make no sense.
  static func target(_ contents: [UInt8]) -> ByteString? {
    let view = ByteView(contents)
    var result: ByteString = ""
    var offset = 0
    while offset < view.count {
      guard let type = view.u8(at: offset), let count = view.u8(at: offset + 1),
        let name = view.slice(at: offset + 4, count: Int(count))
      else { return nil }
      offset += 4 + Int(count)
      if type == 1 || type == 2 {
        // A root that is agreed on elsewhere has an identifier.
        if type == 1, count > 0 { continue }
        result = "/"
        continue
      }
      if !result.isEmpty, result.bytes.last != ASCII.slash { result += "/" }
      switch type {
      case 3: result += ".."
      case 4: result += "."
      case 5:
        guard let text = CompressedUnicode.decode(name), !text.isEmpty else { return nil }
        result += text
      default: return nil
      }
      guard result.count <= UDFLimits.targetByteCount else { return nil }
    }
    return result.isEmpty ? nil : result
  }
}
