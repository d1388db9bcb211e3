// SPDX-License-Identifier: GPL-2.0-or-later

/// Finds pages that need no frame until the kernel starts.
public enum ZeroPage {
  /// Whether all of `bytes` are zero. Quick if they are not: most pages tell by their first bytes.
  public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let wordByteCount = MemoryLayout<UInt64>.size
    var offset = 0
    while bytes.count - offset >= 4 * wordByteCount {
      // SAFETY: all four words are inside the buffer.
      let words =
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        | bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        | bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
        | bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
      if words != 0 { return false }
      offset += 4 * wordByteCount
    }
    while bytes.count - offset >= wordByteCount {
      // SAFETY: the word is inside the buffer.
      if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
      offset += wordByteCount
    }
    while offset < bytes.count {
      if bytes[offset] != 0 { return false }
      offset += 1
    }
    return true
  }
}
