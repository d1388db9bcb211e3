// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A password as a menu holds it.
public enum StoredPassword: Equatable, Sendable {
  /// As it is.
  case plain(ByteString)
  /// `$1$SALT$HASH`, with the characters of the hash.
  case md5Crypt(salt: [UInt8], text: [UInt8])
  /// `$5$SALT$HASH` or `$6$SALT$HASH`, perhaps with `rounds=N$` before the salt.
  case shaCrypt(bitCount: Int, salt: [UInt8], roundCount: UInt64, text: [UInt8])
  /// `$4$SALT$HASH$` of syslinux, the hash in base64: SHA-1 of the salt and the password.
  case sha1(salt: [UInt8], digest: [UInt8])
  /// `grub.pbkdf2.sha512.ROUNDS.SALT.HASH` of GRUB 2, salt and hash in hexadecimal.
  case pbkdf2(salt: [UInt8], roundCount: UInt64, digest: [UInt8])

  /// A password that is stored as it is.
  public init(plain text: ByteString) throws(PasswordError) {
    guard text.count <= PasswordLimits.passwordByteCountMax else { throw .tooLong }
    self = .plain(text)
  }

  /// A password that `password_pbkdf2` of GRUB 2 takes.
  public init(pbkdf2 text: ByteString) throws(PasswordError) {
    let parts = text.split(on: 0x2e)
    guard parts.count == 6, parts[0] == "grub", parts[1] == "pbkdf2", parts[2] == "sha512",
      let roundCount = Numbers.decimal(parts[3]), roundCount > 0,
      let salt = StoredPassword.hexadecimal(parts[4]),
      let digest = StoredPassword.hexadecimal(parts[5]), !digest.isEmpty
    else { throw .malformed }
    guard salt.count <= PasswordLimits.saltByteCountMax,
      digest.count <= PasswordLimits.digestByteCountMax
    else { throw .tooLong }
    let blockCount = UInt64((digest.count + 63) / 64)
    guard roundCount <= PasswordLimits.roundCountMax / blockCount else {
      throw .tooManyRounds(roundCount)
    }
    self = .pbkdf2(salt: salt, roundCount: roundCount, digest: digest)
  }

  /// A password with the signature of a hash in front: crypt(5), and `$4$` of syslinux.
  public init(crypt text: ByteString) throws(PasswordError) {
    let parts = text.split(on: 0x24)
    guard parts.count >= 3, parts[0].isEmpty else { throw .malformed }
    let rest = Array(parts[2...])
    switch parts[1] {
    case "1":
      guard rest.count >= 2 else { throw .malformed }
      let salt = rest[0].bytes.prefix(MD5Crypt.saltByteCountMax)
      self = .md5Crypt(salt: Array(salt), text: rest[1].bytes)
    case "4":
      // Without a second `$` there is no salt.
      let salt = rest.count >= 2 ? rest[0].bytes : []
      guard salt.count <= PasswordLimits.saltByteCountMax,
        let digest = StoredPassword.base64(rest[rest.count >= 2 ? 1 : 0]),
        digest.count == Hash.Algorithm.sha1.digestByteCount
      else { throw .malformed }
      self = .sha1(salt: salt, digest: digest)
    case "5": self = try .init(bitCount: 256, rest)
    case "6": self = try .init(bitCount: 512, rest)
    default: throw .unknownHash(parts[1])
    }
  }

  private init(bitCount: Int, _ parts: [ByteString]) throws(PasswordError) {
    var parts = parts[...]
    var roundCount = SHACrypt.roundCountUsual
    if let first = parts.first, first.hasPrefix("rounds=") {
      guard let number = Numbers.decimal(first.dropFirst(7)) else { throw .malformed }
      guard number <= PasswordLimits.roundCountMax else { throw .tooManyRounds(number) }
      roundCount = max(number, SHACrypt.roundCountMin)
      parts = parts.dropFirst()
    }
    guard let salt = parts.first, let text = parts.dropFirst().first else { throw .malformed }
    self = .shaCrypt(
      bitCount: bitCount, salt: Array(salt.bytes.prefix(SHACrypt.saltByteCountMax)),
      roundCount: roundCount, text: text.bytes)
  }

  private static func hexadecimal(_ text: ByteString) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    var high: UInt8?
    for byte in text.bytes {
      guard let digit = ASCII.hexadecimalValue(byte) else { return nil }
      if let first = high {
        result.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return result
  }

  /// The bytes of a text in base64 (RFC 4648), with or without `=` at its end.
  private static func base64(_ text: ByteString) -> [UInt8]? {
    var result: [UInt8] = []
    var value: UInt32 = 0
    var bitCount = 0
    for byte in text.bytes where byte != 0x3d {
      let digit: UInt8
      switch byte {
      case 0x41...0x5a: digit = byte - 0x41
      case 0x61...0x7a: digit = byte - 0x61 + 26
      case 0x30...0x39: digit = byte - 0x30 + 52
      case 0x2b: digit = 62
      case 0x2f: digit = 63
      default: return nil
      }
      value = value << 6 | UInt32(digit)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        result.append(UInt8(truncatingIfNeeded: value >> UInt32(bitCount)))
      }
    }
    return result
  }
}
