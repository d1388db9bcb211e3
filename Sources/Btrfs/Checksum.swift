// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The kinds of checksums over superblocks and nodes (`enum btrfs_csum_type`). All are in the first
/// bytes of 32 at the start of the block, and cover what is after these.
enum ChecksumType: UInt16 {
  case crc32c = 0
  case xxHash64 = 1
  case sha256 = 2
  case blake2b = 3

  /// The room for a checksum in front of a block.
  static let fieldByteCount = 32

  /// The name that mkfs.btrfs has for it.
  var name: ByteString {
    switch self {
    case .crc32c: "crc32c"
    case .xxHash64: "xxhash64"
    case .sha256: "sha256"
    case .blake2b: "blake2b"
    }
  }

  /// How many bytes can be copied while one is summed up.
  var costOfByte: Int {
    switch self {
    case .crc32c, .xxHash64: 2
    case .sha256, .blake2b: 16
    }
  }

  /// The checksum of `view`, as it is stored.
  func compute(_ view: ByteView) -> [UInt8] {
    switch self {
    case .crc32c:
      littleEndian(UInt64(~view.withBytes { CRC32.castagnoli.update(~0, $0) }), count: 4)
    case .xxHash64: littleEndian(XXHash64.hash(view), count: 8)
    case .sha256: SHA256.hash(view)
    case .blake2b: BLAKE2b.hash(view)
    }
  }

  /// Checks the checksum at the start of `block`.
  func verify(_ block: ByteView, at place: BtrfsStructure) throws(BtrfsError) {
    guard let covered = block.suffix(from: Self.fieldByteCount) else {
      throw .badField(place, field: "size", value: UInt64(block.count))
    }
    let computed = compute(covered)
    guard let stored = block.slice(at: 0, count: computed.count)?.bytes,
      ChecksumRule.matches(stored, computed)
    else {
      throw .badChecksum(
        place, stored: Self.head(block.slice(at: 0, count: computed.count)?.bytes ?? []),
        computed: Self.head(computed))
    }
  }

  /// The first eight bytes as a number, low one first.
  private static func head(_ bytes: [UInt8]) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
    return value
  }

  private func littleEndian(_ value: UInt64, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    for index in 0..<count {
      result.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))))
    }
    return result
  }
}
