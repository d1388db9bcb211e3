// SPDX-License-Identifier: GPL-2.0-or-later

/// The checksum SHA-256 (FIPS 180-4) of bytes that come piece by piece.
public struct SHA256 {
  private var hash = Hash(.sha256)

  /// The checksum of nothing yet.
  public init() {}

  /// Takes more bytes.
  public mutating func update(_ bytes: [UInt8]) { hash.update(bytes) }

  /// The 32 bytes. Nothing may follow.
  public mutating func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Hash.Algorithm.sha256.digestByteCount)
    hash.finish(into: &digest)
    return digest
  }
}
