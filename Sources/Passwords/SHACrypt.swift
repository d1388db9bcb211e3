// SPDX-License-Identifier: GPL-2.0-or-later

/// The hash that crypt(5) writes after `$5$` and `$6$` (U. Drepper, "Unix crypt using SHA-256 and
/// SHA-512"), some rounds at a time.
struct SHACrypt {
  /// The longest salt in bytes; what follows is ignored.
  static let saltByteCountMax = 16
  /// The rounds where the text says nothing.
  static let roundCountUsual: UInt64 = 5000
  /// The fewest rounds; a text that wants fewer gets these.
  static let roundCountMin: UInt64 = 1000

  private let algorithm: Hash.Algorithm
  private let roundCount: UInt64
  private let repeatedPassword: [UInt8]
  private let repeatedSalt: [UInt8]
  private var digest: [UInt8]
  private var round: UInt64 = 0

  /// The hash of a password.
  init(_ algorithm: Hash.Algorithm, password: [UInt8], salt: [UInt8], roundCount: UInt64) {
    self.algorithm = algorithm
    self.roundCount = roundCount
    let mixed = Hash.digest(algorithm, password, salt, password)
    var hash = Hash(algorithm)
    hash.update(password)
    hash.update(salt)
    hash.update(CryptText.repeated(mixed, byteCount: password.count))
    var length = password.count
    while length > 0 {
      hash.update(length & 1 == 1 ? mixed : password)
      length >>= 1
    }
    var digest = [UInt8](repeating: 0, count: algorithm.digestByteCount)
    hash.finish(into: &digest)
    self.digest = digest

    var passwords = Hash(algorithm)
    for _ in password { passwords.update(password) }
    passwords.finish(into: &digest)
    repeatedPassword = CryptText.repeated(digest, byteCount: password.count)

    var salts = Hash(algorithm)
    for _ in 0..<(16 + Int(self.digest[0])) { salts.update(salt) }
    salts.finish(into: &digest)
    repeatedSalt = CryptText.repeated(digest, byteCount: salt.count)
  }

  /// Whether all rounds are done.
  var isComplete: Bool { round == roundCount }

  /// Does at most some rounds more.
  mutating func step(roundCount count: Int) {
    for _ in 0..<count where !isComplete {
      let isOdd = round & 1 == 1
      var hash = Hash(algorithm)
      hash.update(isOdd ? repeatedPassword : digest)
      if round % 3 != 0 { hash.update(repeatedSalt) }
      if round % 7 != 0 { hash.update(repeatedPassword) }
      hash.update(isOdd ? digest : repeatedPassword)
      hash.finish(into: &digest)
      round += 1
    }
  }

  /// The characters after the salt: 43 or 86.
  var text: [UInt8] {
    var text: [UInt8] = []
    // Three bytes at a time from three thirds of the digest; which third comes first goes round.
    let third = algorithm.digestByteCount / 3
    var places = (0, third, 2 * third)
    for _ in 0..<third {
      CryptText.append(digest[places.0], digest[places.1], digest[places.2], to: &text)
      places =
        algorithm == .sha512
        ? (places.1 + 1, places.2 + 1, places.0 + 1)
        : (places.2 + 1, places.0 + 1, places.1 + 1)
    }
    if algorithm == .sha512 {
      CryptText.append(UInt32(digest[63]), characterCount: 2, to: &text)
    } else {
      let last = UInt32(digest[31]) << 8 | UInt32(digest[30])
      CryptText.append(last, characterCount: 3, to: &text)
    }
    return text
  }
}
