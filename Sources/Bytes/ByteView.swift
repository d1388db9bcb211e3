// SPDX-License-Identifier: GPL-2.0-or-later

/// A length-checked window on bytes from outside. It can only shrink, and no load leaves it:
/// a load that would gives nil, so that a structure is decoded in one `guard let`.
public struct ByteView: Sendable {
  private let storage: [UInt8]
  private let start: Int

  /// The number of bytes in the window.
  public let count: Int

  /// A window on all of `bytes`.
  public init(_ bytes: [UInt8]) {
    storage = bytes
    start = 0
    count = bytes.count
  }

  private init(storage: [UInt8], start: Int, count: Int) {
    self.storage = storage
    self.start = start
    self.count = count
  }

  /// The bytes as an array of their own.
  @inline(never)
  public var bytes: [UInt8] { Array(storage[start..<start + count]) }

  /// A part of this window; nil unless all of it is inside.
  @inline(never)
  public func slice(at offset: Int, count byteCount: Int) -> ByteView? {
    guard contains(offset, byteCount) else { return nil }
    return ByteView(storage: storage, start: start + offset, count: byteCount)
  }

  /// The bytes from `offset` to the end; nil if `offset` is past the end.
  @inline(never)
  public func suffix(from offset: Int) -> ByteView? {
    guard offset >= 0, offset <= count else { return nil }
    return slice(at: offset, count: count - offset)
  }

  /// The byte at `offset`.
  @inline(never)
  public func u8(at offset: Int) -> UInt8? {
    guard contains(offset, 1) else { return nil }
    return storage[start + offset]
  }

  /// Two bytes at `offset`, low one first.
  @inline(never)
  public func u16(at offset: Int) -> UInt16? { load(UInt16.self, at: offset)?.littleEndian }

  /// Four bytes at `offset`, low one first.
  @inline(never)
  public func u32(at offset: Int) -> UInt32? { load(UInt32.self, at: offset)?.littleEndian }

  /// Eight bytes at `offset`, low one first.
  @inline(never)
  public func u64(at offset: Int) -> UInt64? { load(UInt64.self, at: offset)?.littleEndian }

  /// Two bytes at `offset`, high one first.
  @inline(never)
  public func u16BigEndian(at offset: Int) -> UInt16? { load(UInt16.self, at: offset)?.bigEndian }

  /// Four bytes at `offset`, high one first.
  @inline(never)
  public func u32BigEndian(at offset: Int) -> UInt32? { load(UInt32.self, at: offset)?.bigEndian }

  /// Eight bytes at `offset`, high one first.
  @inline(never)
  public func u64BigEndian(at offset: Int) -> UInt64? { load(UInt64.self, at: offset)?.bigEndian }

  /// `byteCount` bytes at `offset` as a string.
  @inline(never)
  public func string(at offset: Int, count byteCount: Int) -> ByteString? {
    slice(at: offset, count: byteCount).map { ByteString($0.bytes) }
  }

  /// The bytes at `offset` up to, and without, the first zero byte, at most `byteCount`.
  @inline(never)
  public func terminatedString(at offset: Int, count byteCount: Int) -> ByteString? {
    guard let field = slice(at: offset, count: byteCount)?.bytes else { return nil }
    return ByteString(field.prefix { $0 != 0 })
  }

  /// Calls `body` with the bytes of the window, for checksums and copies.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    storage.withUnsafeBytes { all in
      // SAFETY: start and count were checked against the storage when the window was made.
      body(UnsafeRawBufferPointer(rebasing: all[start..<start + count]))
    }
  }

  private func contains(_ offset: Int, _ byteCount: Int) -> Bool {
    offset >= 0 && byteCount >= 0 && offset <= count && byteCount <= count - offset
  }

  private func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at offset: Int
  ) -> Value? {
    guard contains(offset, MemoryLayout<Value>.size) else { return nil }
    return storage.withUnsafeBytes { all in
      // SAFETY: the window is inside the storage, and the load inside the window.
      all.loadUnaligned(fromByteOffset: start + offset, as: type)
    }
  }
}
