// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What is unpacked from a file as a file of its own: a bzImage in a gzip file, say.
final class UnpackingSource<Outer: KernelSource>: KernelSource {
  private static var bufferByteCount: Int { 128 * 1024 }

  private let unpacker: Unpacker<Outer>
  private let buffer = ScratchBuffer(byteCount: UnpackingSource.bufferByteCount)

  init(_ unpacker: Unpacker<Outer>) { self.unpacker = unpacker }

  /// The real size is known at the end only: the most that it can be.
  var byteCount: UInt64 { unpacker.limits.unpackedByteCount }

  func nextChunk() throws(PayloadError<Outer.Failure>) -> UnsafeRawBufferPointer {
    let count = try unpacker.unpack(to: buffer.bytes)
    return UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
  }
}
