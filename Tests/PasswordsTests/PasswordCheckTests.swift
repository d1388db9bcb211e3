// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import Passwords

/// How a check ends, and after how many steps.
func checked(
  _ typed: ByteString, _ stored: StoredPassword
) -> (state: PasswordCheck.State, stepCount: Int) {
  var check = PasswordCheck(typed, against: stored)
  for count in 1...100_000 {
    let state = check.step()
    if state != .running { return (state, count) }
  }
  return (.running, 100_000)
}

/// The judges: openssl, Python's hashlib, and GRUB's own program.
@Suite struct PasswordCheckTests {
  static let passwords = [
    "", "a", "secret", "exactly sixteen.", "seventeen letters", "blank and $sign",
    "Grüße, 世界", String(repeating: "long ", count: 24), String(repeating: "x", count: 256),
  ]

  private func output(_ command: [String], input: String = "") throws -> String {
    let result = try HostTool.run(command, input: Array(input.utf8))
    try #require(result.status == 0)
    return String(decoding: result.output, as: UTF8.self)
      .split(separator: "\n").last.map(String.init) ?? ""
  }

  private func expectMatches(_ stored: StoredPassword, _ password: String) {
    #expect(checked(ByteString(password), stored).state == .right)
    var others = [password + "x", String(password.dropLast()) + "?"]
    // HMAC fills its key up with zeros, so it takes a password with zeros after it for the same.
    if case .pbkdf2 = stored {} else { others.append(password + "\0") }
    for other in others {
      #expect(checked(ByteString(other), stored).state == .wrong, "\(other)")
    }
  }

  @Test(arguments: ["1", "5", "6"], passwords)
  func cryptTextsAreThoseOfOpenssl(_ method: String, _ password: String) throws {
    // openssl takes no longer ones from its standard input, and for SHA no empty one.
    if password.utf8.count > 128 || (password.isEmpty && method != "1") { return }
    let text = try output(
      ["openssl", "passwd", "-\(method)", "-salt", "sa.lt/09", "-stdin"], input: password + "\n")
    #expect(text.hasPrefix("$\(method)$sa.lt/09$"))
    expectMatches(try StoredPassword(crypt: ByteString(text)), password)
  }

  @Test(arguments: passwords)
  func stretchedKeysAreThoseOfPython(_ password: String) throws {
    let program = """
      import hashlib, sys
      p = sys.stdin.buffer.read()
      for n, rounds, count in ((8, 1, 20), (64, 2, 64), (0, 1500, 100), (200, 3, 130)):
        salt = bytes(range(n))
        key = hashlib.pbkdf2_hmac("sha512", p, salt, rounds, count)
        print("grub.pbkdf2.sha512.%d.%s.%s" % (rounds, salt.hex().upper(), key.hex()), end=" ")
      """
    let texts = try output(["python3", "-c", program], input: password).split(separator: " ")
    #expect(texts.count == 4)
    for text in texts {
      expectMatches(try StoredPassword(pbkdf2: ByteString(String(text))), password)
    }
  }

  @Test func grubsOwnProgramWritesWhatIsUnderstood() throws {
    let line = try output(["grub-mkpasswd-pbkdf2"], input: "open sesame\nopen sesame\n")
    let text = try #require(line.split(separator: " ").last)
    let stored = try StoredPassword(pbkdf2: ByteString(String(text)))
    let right = checked("open sesame", stored)
    #expect(right.state == .right)
    #expect(right.stepCount == 10)
    #expect(checked("open sesam", stored).state == .wrong)
  }

  @Test(arguments: passwords)
  func hashesOfSyslinuxAreSHA1OfSaltAndPassword(_ password: String) throws {
    let program = """
      import base64, hashlib, sys
      p = sys.stdin.buffer.read()
      b = lambda s: base64.b64encode(hashlib.sha1(s + p).digest()).decode().rstrip("=")
      print("$4$Na/Cl+$%s$ $4$%s" % (b(b"Na/Cl+"), b(b"")))
      """
    for text in try output(["python3", "-c", program], input: password).split(separator: " ") {
      expectMatches(try StoredPassword(crypt: ByteString(String(text))), password)
    }
  }

  /// Vectors of "Unix crypt using SHA-256 and SHA-512" with other numbers of rounds.
  @Test(arguments: [
    (
      "$5$rounds=10000$saltstringsaltstring$3xv.VbSCBX41eDL9L3E2gxEMsfQXSn8ztNtbZ1Xb0sA",
      "Hello world!"
    ),
    ("$5$rounds=10$roundstoolow$yfvwcaByCgZeDVGREvSNbCjiH3rDG0ksdCqWi7XfKqA", "short"),
  ])
  func roundsAreReadAndHaveALeast(_ text: String, _ password: String) throws {
    let stored = try StoredPassword(crypt: ByteString(text))
    guard case .shaCrypt(256, let salt, let roundCount, _) = stored else {
      Issue.record("\(stored)")
      return
    }
    #expect(salt.count <= 16)
    #expect(roundCount == (password == "short" ? 1000 : 10_000))
  }

  @Test func roundsOfOpensslAndTheLongSalt() throws {
    for method in ["5", "6"] {
      let text = try output(
        ["python3", "-c", Self.cryptProgram, method, "rounds=1777$sixteen.and.more"])
      if text == "none" { continue }
      expectMatches(try StoredPassword(crypt: ByteString(text)), "pass word")
    }
  }

  /// Python's crypt, where there still is one.
  static let cryptProgram = """
    import sys, warnings
    warnings.simplefilter("ignore")
    try:
      import crypt
      print(crypt.crypt("pass word", "$" + sys.argv[1] + "$" + sys.argv[2]) or "none")
    except ImportError:
      print("none")
    """

  @Test func plainPasswordsAreComparedWhole() throws {
    expectMatches(try StoredPassword(plain: "hello there"), "hello there")
    expectMatches(try StoredPassword(plain: ""), "")
  }

  @Test func whatIsTooLongToBeTypedIsWrong() throws {
    let long = ByteString([UInt8](repeating: 0x61, count: 257))
    #expect(throws: PasswordError.tooLong) { try StoredPassword(plain: long) }
    let stored = try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.10.00.00")
    #expect(checked(long, stored) == (.wrong, 1))
  }

  @Test func manyRoundsTakeManySteps() throws {
    let stored = try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.2500.00.00ff")
    #expect(checked("x", stored) == (.wrong, 3))
    let crypt = try StoredPassword(crypt: "$6$rounds=3001$salt$text")
    #expect(checked("x", crypt) == (.wrong, 4))
  }
}

@Suite struct StoredPasswordTests {
  @Test(arguments: [
    "", "grub", "grub.pbkdf2.sha512.10000.00", "grub.pbkdf2.sha512.10000.00.",
    "grub.pbkdf2.sha512.10000.0.00", "grub.pbkdf2.sha512.10000.00.0x",
    "grub.pbkdf2.sha512.0.00.00", "grub.pbkdf2.sha512.-1.00.00", "grub.pbkdf2.sha256.1.00.00",
    "grub.pbkdf2.sha512.1.00.00.00", "grub.pbkdf2.sha512.99999999999999999999.00.00",
  ])
  func malformedKeys(_ text: String) {
    #expect(throws: PasswordError.malformed) { try StoredPassword(pbkdf2: ByteString(text)) }
  }

  @Test(arguments: [
    "", "$", "1$", "$1", "$1$salt", "x$1$salt$text", "$5$", "$5$salt", "$6$rounds=$s$t",
    "$6$rounds=5000", "$6$rounds=5000$salt", "$4$", "$4$salt$AAAA$", "$4$salt$not base 64$",
  ])
  func malformedHashes(_ text: String) {
    #expect(throws: PasswordError.malformed) { try StoredPassword(crypt: ByteString(text)) }
  }

  @Test func hashesThatNobodyKnows() {
    #expect(throws: PasswordError.unknownHash("y")) { try StoredPassword(crypt: "$y$j9T$a$b") }
    #expect(throws: PasswordError.unknownHash("")) { try StoredPassword(crypt: "$$a$b") }
  }

  @Test func thereIsALimitOfWork() throws {
    #expect(throws: PasswordError.tooManyRounds(10_000_001)) {
      try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.10000001.00.00")
    }
    let twoBlocks = ByteString([UInt8](repeating: 0x30, count: 130))
    #expect(throws: PasswordError.tooManyRounds(5_000_001)) {
      try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.5000001.00.\(twoBlocks)")
    }
    #expect(throws: PasswordError.tooManyRounds(999_999_999)) {
      try StoredPassword(crypt: "$6$rounds=999999999$salt$text")
    }
    let long = ByteString([UInt8](repeating: 0x30, count: 2050))
    #expect(throws: PasswordError.tooLong) {
      try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.1.\(long).00")
    }
    #expect(throws: PasswordError.tooLong) {
      try StoredPassword(pbkdf2: "grub.pbkdf2.sha512.1.00.\(long)")
    }
  }

  @Test func eachErrorHasItsFamilyAndALine() {
    let errors: [PasswordError] = [.malformed, .unknownHash("y"), .tooManyRounds(7), .tooLong]
    #expect(errors.map { $0.family } == [.corrupt, .unsupported, .unsupported, .corrupt])
    #expect(
      errors.map { $0.message.text } == [
        "stored password is malformed", "stored password has the unknown hash $y$",
        "stored password takes 7 rounds, more than 10000000", "stored password is too long",
      ])
  }

  @Test func damagedTextsNeverTrap() {
    var random = SplitMix(seed: 0x9a55_0001)
    let seeds = [
      "$1$salt$abcdefghijklmnopqrstuv", "$6$rounds=1000$salt$text", "$4$salt$AAAA$", "$5$s$t",
      "grub.pbkdf2.sha512.3.0011.2233",
    ]
    for _ in 0..<400 {
      var bytes = Array(seeds[Int(random.next() % UInt64(seeds.count))].utf8)
      for _ in 0..<(1 + random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      for isCrypt in [true, false] {
        let text = ByteString(bytes)
        guard
          let stored = isCrypt
            ? try? StoredPassword(crypt: text) : try? StoredPassword(pbkdf2: text)
        else { continue }
        var check = PasswordCheck("x", against: stored)
        for _ in 0..<3 { _ = check.step() }
      }
    }
  }
}
