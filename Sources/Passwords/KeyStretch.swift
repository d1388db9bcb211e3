// SPDX-License-Identifier: GPL-2.0-or-later

/// A hash with a key: HMAC (RFC 2104), with both keyed states ready.
struct KeyedHash {
  private let inner: Hash
  private let outer: Hash

  /// A hash with a key of any length.
  init(_ algorithm: Hash.Algorithm, key: [UInt8]) {
    var padded = key.count > algorithm.blockByteCount ? Hash.digest(algorithm, key) : key
    while padded.count < algorithm.blockByteCount { padded.append(0) }
    var inner = Hash(algorithm)
    var outer = Hash(algorithm)
    inner.update(padded.map { $0 ^ 0x36 })
    outer.update(padded.map { $0 ^ 0x5c })
    self.inner = inner
    self.outer = outer
  }

  /// The code of a text, in place of the bytes of `code`, which has a digest's length.
  func code(of text: [UInt8], into code: inout [UInt8]) {
    var first = inner
    first.update(text)
    first.finish(into: &code)
    finish(&code)
  }

  /// The code of the last code, in its place.
  func advance(_ code: inout [UInt8]) {
    var first = inner
    first.update(code)
    first.finish(into: &code)
    finish(&code)
  }

  private func finish(_ code: inout [UInt8]) {
    var second = outer
    second.update(code)
    second.finish(into: &code)
  }
}

/// PBKDF2 with HMAC-SHA-512 (RFC 8018, section 5.2), some rounds at a time.
struct KeyStretch {
  private let keyed: KeyedHash
  private let salt: [UInt8]
  private let roundCount: UInt64
  private let byteCount: Int
  private var roundsDone: UInt64 = 0
  private var last: [UInt8]
  private var sum: [UInt8]
  /// The key as far as it is made.
  private(set) var key: [UInt8] = []
  private var blockIndex: UInt32 = 0

  /// A key of a password, of some length, that takes some rounds for each 64 bytes.
  init(password: [UInt8], salt: [UInt8], roundCount: UInt64, byteCount: Int) {
    precondition(roundCount > 0 && byteCount > 0, "a key has bytes, and takes rounds")
    keyed = KeyedHash(.sha512, key: password)
    self.salt = salt
    self.roundCount = roundCount
    self.byteCount = byteCount
    let size = Hash.Algorithm.sha512.digestByteCount
    last = [UInt8](repeating: 0, count: size)
    sum = last
  }

  /// Whether the key is complete.
  var isComplete: Bool { key.count == byteCount }

  /// Does at most some rounds more.
  mutating func step(roundCount count: Int) {
    for _ in 0..<count where !isComplete {
      if roundsDone == 0 {
        blockIndex += 1
        keyed.code(of: salt + KeyStretch.bigEndian(blockIndex), into: &last)
        sum = last
      } else {
        keyed.advance(&last)
        for index in sum.indices { sum[index] ^= last[index] }
      }
      roundsDone += 1
      if roundsDone == roundCount {
        key += sum.prefix(byteCount - key.count)
        roundsDone = 0
      }
    }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
