// SPDX-License-Identifier: GPL-2.0-or-later
import CCrypto

/// One computation of a hash function, by libtomcrypt.
struct Hash {
  /// A hash function.
  enum Algorithm: Equatable, Sendable {
    /// RFC 1321.
    case md5
    /// FIPS 180-4, as the next two.
    case sha1
    case sha256
    case sha512

    /// The length of a digest in bytes.
    var digestByteCount: Int {
      switch self {
      case .md5: 16
      case .sha1: 20
      case .sha256: 32
      case .sha512: 64
      }
    }

    /// The length of a block in bytes.
    var blockByteCount: Int { self == .sha512 ? 128 : 64 }
  }

  /// The hash function.
  let algorithm: Algorithm
  private var state = hash_state()

  /// A computation that has seen nothing.
  init(_ algorithm: Algorithm) {
    self.algorithm = algorithm
    let status =
      switch algorithm {
      case .md5: md5_init(&state)
      case .sha1: sha1_init(&state)
      case .sha256: sha256_init(&state)
      case .sha512: sha512_init(&state)
      }
    // What the library refuses are missing pointers and states that no text can bring about.
    precondition(status == 0, "libtomcrypt starts a hash")
  }

  /// Takes more bytes.
  mutating func update(_ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    let count = UInt(bytes.count)
    let status =
      switch algorithm {
      case .md5: md5_process(&state, bytes, count)
      case .sha1: sha1_process(&state, bytes, count)
      case .sha256: sha256_process(&state, bytes, count)
      case .sha512: sha512_process(&state, bytes, count)
      }
    precondition(status == 0, "libtomcrypt takes bytes")
  }

  /// The digest, in place of the bytes of `digest`, which has the digest's length.
  mutating func finish(into digest: inout [UInt8]) {
    precondition(digest.count == algorithm.digestByteCount, "a digest has room for itself")
    let status =
      switch algorithm {
      case .md5: md5_done(&state, &digest)
      case .sha1: sha1_done(&state, &digest)
      case .sha256: sha256_done(&state, &digest)
      case .sha512: sha512_done(&state, &digest)
      }
    precondition(status == 0, "libtomcrypt ends a hash")
  }

  /// The digest of some texts, one after the other.
  static func digest(_ algorithm: Algorithm, _ parts: [UInt8]...) -> [UInt8] {
    var hash = Hash(algorithm)
    for part in parts { hash.update(part) }
    var digest = [UInt8](repeating: 0, count: algorithm.digestByteCount)
    hash.finish(into: &digest)
    return digest
  }
}
