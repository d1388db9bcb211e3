// SPDX-License-Identifier: GPL-2.0-or-later

/// The hash that crypt(5) writes after `$1$`: MD5, a thousand times.
enum MD5Crypt {
  /// The longest salt in bytes; what follows is ignored.
  static let saltByteCountMax = 8
  private static let roundCount = 1000

  /// The 22 characters after the salt.
  static func text(password: [UInt8], salt: [UInt8]) -> [UInt8] {
    var hash = Hash(.md5)
    hash.update(password)
    hash.update(Array("$1$".utf8))
    hash.update(salt)
    let mixed = Hash.digest(.md5, password, salt, password)
    hash.update(CryptText.repeated(mixed, byteCount: password.count))
    // For each bit of the length: a zero, or the first byte of the password.
    var length = password.count
    while length > 0 {
      hash.update(length & 1 == 1 ? [0] : Array(password.prefix(1)))
      length >>= 1
    }
    var digest = [UInt8](repeating: 0, count: Hash.Algorithm.md5.digestByteCount)
    hash.finish(into: &digest)
    for round in 0..<roundCount {
      var hash = Hash(.md5)
      hash.update(round & 1 == 1 ? password : digest)
      if round % 3 != 0 { hash.update(salt) }
      if round % 7 != 0 { hash.update(password) }
      hash.update(round & 1 == 1 ? digest : password)
      hash.finish(into: &digest)
    }
    return written(digest)
  }

  private static func written(_ digest: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for index in 0..<5 {
      let last = index == 4 ? 5 : index + 12
      CryptText.append(digest[index], digest[index + 6], digest[last], to: &text)
    }
    CryptText.append(UInt32(digest[11]), characterCount: 2, to: &text)
    return text
  }
}
