// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Memory of fixed size that goes when its owner goes.
final class ScratchBuffer {
  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: 16)
  }

  deinit { bytes.deallocate() }
}

/// The bytes of a source as a stream in which one can look ahead. Only what is looked at across
/// the end of a chunk is copied.
struct ChunkReader<Source: KernelSource> {
  /// The most bytes that `peek` can show.
  static var peekByteCountMax: Int { 4096 }

  private(set) var source: Source
  /// The number of bytes of the file that were taken.
  private(set) var position: UInt64 = 0
  /// Where the part of interest ends.
  private var end: UInt64
  private var window = UnsafeRawBufferPointer(start: nil, count: 0)
  /// What follows the window, when the window is on `scratch`.
  private var rest = UnsafeRawBufferPointer(start: nil, count: 0)
  private let scratch = ScratchBuffer(byteCount: Self.peekByteCountMax)

  init(_ source: Source) {
    self.source = source
    end = source.byteCount
  }

  /// Whether all bytes up to the end were taken.
  var isAtEnd: Bool { position >= end }

  /// Sets where the part of interest ends, within the file.
  mutating func setEnd(_ end: UInt64) { self.end = min(source.byteCount, end) }

  /// The `count` bytes at `byteOffset`, out of order; nil if the source can't.
  mutating func bytes(at byteOffset: UInt64, count: Int) throws(Source.Failure) -> [UInt8]? {
    try source.bytes(at: byteOffset, count: count)
  }

  /// The next bytes as they lie in memory, none at the end. An early end of the source is an end.
  mutating func available() throws(Source.Failure) -> UnsafeRawBufferPointer {
    if isAtEnd { return UnsafeRawBufferPointer(start: nil, count: 0) }
    if window.isEmpty {
      window = rest.isEmpty ? try source.nextChunk() : rest
      rest = UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return prefix(of: window, Int(clamping: end - position))
  }

  /// The next `byteCount` bytes, or as many as there are, without taking them.
  mutating func peek(byteCount: Int) throws(Source.Failure) -> UnsafeRawBufferPointer {
    precondition(byteCount <= Self.peekByteCountMax, "more than the scratch buffer has")
    let wanted = Int(clamping: min(UInt64(byteCount), end - min(position, end)))
    if window.count >= wanted { return prefix(of: window, wanted) }
    // SAFETY: the window is shorter than wanted, so it fits; memmove allows for an overlap.
    if !window.isEmpty { scratch.bytes.copyMemory(from: window) }
    var filled = window.count
    window = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<filled])
    while filled < wanted {
      if rest.isEmpty { rest = try source.nextChunk() }
      if rest.isEmpty { break }
      let piece = prefix(of: rest, wanted - filled)
      UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[filled...]).copyMemory(from: piece)
      rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
      filled += piece.count
      window = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<filled])
    }
    return window
  }

  /// Takes `byteCount` bytes of what `available` gave.
  mutating func advance(_ byteCount: Int) {
    precondition(byteCount <= window.count, "more than was available")
    window = UnsafeRawBufferPointer(rebasing: window[byteCount...])
    position += UInt64(byteCount)
  }

  private func prefix(
    of bytes: UnsafeRawBufferPointer, _ byteCount: Int
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, byteCount)])
  }
}
