// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// Memory that a backend reads and writes at the same time as we do.
///
/// The only way to such memory. Each load happens exactly once and acquires, each store happens
/// exactly once and releases, so a loaded value is a plain local that the backend can't change any
/// more. Values are untrusted: check them before use.
public struct SharedMemory {
  private let base: UnsafeMutableRawPointer

  /// The size in bytes.
  public let byteCount: Int

  /// The memory of `byteCount` bytes at `base`, 8-byte aligned, that stays mapped as long as this
  /// value is used.
  public init(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    self.base = base
    self.byteCount = byteCount
  }

  /// Loads a byte.
  public func u8(at offset: Int) -> UInt8 { xen_load_u8(place(offset, 1)) }

  /// Loads two bytes.
  public func u16(at offset: Int) -> UInt16 { xen_load_u16(place(offset, 2)) }

  /// Loads four bytes.
  public func u32(at offset: Int) -> UInt32 { xen_load_u32(place(offset, 4)) }

  /// Loads eight bytes.
  public func u64(at offset: Int) -> UInt64 { xen_load_u64(place(offset, 8)) }

  /// Stores a byte.
  public func store(u8 value: UInt8, at offset: Int) { xen_store_u8(place(offset, 1), value) }

  /// Stores two bytes.
  public func store(u16 value: UInt16, at offset: Int) { xen_store_u16(place(offset, 2), value) }

  /// Stores four bytes.
  public func store(u32 value: UInt32, at offset: Int) { xen_store_u32(place(offset, 4), value) }

  /// Stores eight bytes.
  public func store(u64 value: UInt64, at offset: Int) { xen_store_u64(place(offset, 8), value) }

  /// Stores `value` if the two bytes are `expected`, and says whether they were.
  public func exchange(u16 value: UInt16, at offset: Int, expecting expected: UInt16) -> Bool {
    xen_exchange_u16(place(offset, 2), expected, value) != 0
  }

  /// Copies bytes out.
  public func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    let source = place(offset, count)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      // SAFETY: place() checked the range; the array's buffer has room for count bytes.
      UnsafeMutableRawBufferPointer(buffer).baseAddress?.copyMemory(from: source, byteCount: count)
      initializedCount = count
    }
  }

  /// Appends a copy of `count` bytes to `bytes`.
  public func append(at offset: Int, count: Int, to bytes: inout [UInt8]) {
    guard count > 0 else { return }
    // SAFETY: place() checked the range.
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: place(offset, count), count: count))
  }

  /// Copies bytes in.
  public func copy(_ bytes: ArraySlice<UInt8>, to offset: Int) {
    guard !bytes.isEmpty else { return }
    let target = place(offset, bytes.count)
    bytes.withUnsafeBytes { source in
      guard let address = source.baseAddress else { return }
      // SAFETY: place() checked the range, and the slice is memory of our own, so no overlap.
      target.copyMemory(from: address, byteCount: source.count)
    }
  }

  /// A part of the memory.
  public func slice(at offset: Int, count: Int) -> SharedMemory {
    SharedMemory(place(offset, count), byteCount: count)
  }

  // SAFETY: the result lies inside the memory; offsets come from our own code, never from a
  // backend.
  private func place(_ offset: Int, _ count: Int) -> UnsafeMutableRawPointer {
    precondition(
      offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset,
      "shared memory access out of bounds")
    return base + offset
  }
}

/// Barriers between our accesses to shared memory, as the backend sees them.
public enum Barrier {
  /// All loads and stores before it come before all after it.
  public static func full() { xen_mb() }
}
