// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Gives the bytes of a kernel file, in order.
public protocol KernelSource {
  /// The source's errors.
  associatedtype Failure: BootFailure

  /// The size of the file in bytes.
  var byteCount: UInt64 { get }

  /// The next piece of the file, of any size; empty at its end. It stays as it is until the next
  /// call.
  mutating func nextChunk() throws(Failure) -> UnsafeRawBufferPointer

  /// The `count` bytes at `byteOffset`, which are inside the file, out of order; nil if this source
  /// can't. Asked only before the first chunk was used up.
  mutating func bytes(at byteOffset: UInt64, count: Int) throws(Failure) -> [UInt8]?
}

extension KernelSource {
  /// A source that can only be read in order.
  public mutating func bytes(
    at byteOffset: UInt64, count: Int
  ) throws(Failure) -> [UInt8]? { nil }
}
