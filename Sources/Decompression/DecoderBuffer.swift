// SPDX-License-Identifier: GPL-2.0-or-later
import CDecoders

/// Memory of a decoder that may not be there: unlike an array, asking for it can fail.
final class DecoderBuffer {
  let bytes: UnsafeMutableRawBufferPointer

  /// `byteCount` bytes, more than none, aligned for any type.
  init(byteCount: Int, for format: PayloadFormat) throws(DecompressionError) {
    guard let start = pvgrub_allocate(byteCount) else { throw .outOfMemory(format) }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit { pvgrub_release(bytes.baseAddress) }
}
