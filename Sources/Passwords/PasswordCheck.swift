// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Compares a typed password with a stored one, some rounds of hashing at a time, so that the
/// caller can look after other things in between. The comparison itself takes as long for any text.
public struct PasswordCheck: Sendable {
  /// How far a check is.
  public enum State: Equatable, Sendable {
    /// `step` is to be called again.
    case running
    /// It is the password.
    case right
    /// It is not.
    case wrong
  }

  private indirect enum Work: Sendable {
    case done(isRight: Bool)
    case md5(password: [UInt8], salt: [UInt8], text: [UInt8])
    case sha(SHACrypt, text: [UInt8])
    case stretch(KeyStretch, digest: [UInt8])
  }

  private var work: Work

  /// A check of a typed password. One that is longer than any can be is wrong.
  public init(_ typed: ByteString, against stored: StoredPassword) {
    let password = typed.bytes
    guard password.count <= PasswordLimits.passwordByteCountMax else {
      work = .done(isRight: false)
      return
    }
    switch stored {
    case .plain(let text):
      work = .done(isRight: PasswordCheck.isEqual(password, text.bytes))
    case .md5Crypt(let salt, let text):
      work = .md5(password: password, salt: salt, text: text)
    case .shaCrypt(let bitCount, let salt, let roundCount, let text):
      let crypt = SHACrypt(
        bitCount == 512 ? .sha512 : .sha256, password: password, salt: salt,
        roundCount: roundCount)
      work = .sha(crypt, text: text)
    case .sha1(let salt, let digest):
      let own = Hash.digest(.sha1, salt, password)
      work = .done(isRight: PasswordCheck.isEqual(own, digest))
    case .pbkdf2(let salt, let roundCount, let digest):
      let stretch = KeyStretch(
        password: password, salt: salt, roundCount: roundCount, byteCount: digest.count)
      work = .stretch(stretch, digest: digest)
    }
  }

  /// Does at most `PasswordLimits.roundsPerStep` rounds.
  public mutating func step() -> State {
    switch work {
    case .done(let isRight): return isRight ? .right : .wrong
    case .md5(let password, let salt, let text):
      return finish(MD5Crypt.text(password: password, salt: salt), text)
    case .sha(var crypt, let text):
      crypt.step(roundCount: PasswordLimits.roundsPerStep)
      if crypt.isComplete { return finish(crypt.text, text) }
      work = .sha(crypt, text: text)
    case .stretch(var stretch, let digest):
      stretch.step(roundCount: PasswordLimits.roundsPerStep)
      if stretch.isComplete { return finish(stretch.key, digest) }
      work = .stretch(stretch, digest: digest)
    }
    return .running
  }

  private mutating func finish(_ own: [UInt8], _ stored: [UInt8]) -> State {
    let isRight = PasswordCheck.isEqual(own, stored)
    work = .done(isRight: isRight)
    return isRight ? .right : .wrong
  }

  /// Whether two texts are the same, without stopping at the first difference.
  private static func isEqual(_ typed: [UInt8], _ stored: [UInt8]) -> Bool {
    var difference: UInt8 = typed.count == stored.count ? 0 : 1
    for (index, byte) in typed.enumerated() {
      difference |= byte ^ (index < stored.count ? stored[index] : ~byte)
    }
    return difference == 0
  }
}
