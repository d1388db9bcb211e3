// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// What was typed to open a lock.
public struct PasswordAnswer: Equatable, Sendable {
  /// What was locked.
  public var act: MenuAct
  /// The user's name; empty where none was asked for.
  public var user: ByteString
  /// The password.
  public var password: ByteString

  /// An answer.
  public init(act: MenuAct, user: ByteString, password: ByteString) {
    self.act = act
    self.user = user
    self.password = password
  }
}

/// Asks for a user's name, if the menu has users, and a password, which is not shown.
struct PasswordPrompt: Sendable {
  /// The longest name or password in bytes; further typing is ignored.
  static let byteCountMax = 256

  /// How it ends.
  enum Result {
    /// With an answer.
    case answer(PasswordAnswer)
    /// By Escape.
    case left
  }

  /// What is wanted.
  let act: MenuAct
  /// What is locked, for people.
  let subject: ByteString
  private let asksForUser: Bool
  private var user: [UInt8] = []
  private var password: [UInt8] = []
  private var isAtPassword: Bool
  /// When keys count again after a wrong password; nil if they do now.
  var resumeTime: UInt64?

  /// A prompt with nothing typed.
  init(act: MenuAct, subject: ByteString, asksForUser: Bool) {
    self.act = act
    self.subject = subject
    self.asksForUser = asksForUser
    isAtPassword = !asksForUser
  }

  /// The line that shows what has been typed.
  var line: ByteString {
    if resumeTime != nil { return "Wrong; please wait." }
    if !isAtPassword { return "User name: \(ByteString(user))_" }
    let characterCount = password.count { !PasswordPrompt.isContinuation($0) }
    return "Password: \(ByteString([UInt8](repeating: 0x2a, count: characterCount)))_"
  }

  /// Starts again.
  mutating func clear() {
    self = PasswordPrompt(act: act, subject: subject, asksForUser: asksForUser)
  }

  /// Handles a key.
  mutating func react(to key: Key) -> Result? {
    if key == .escape { return .left }
    if resumeTime != nil { return nil }
    switch key {
    case .enter:
      guard isAtPassword else {
        isAtPassword = true
        return nil
      }
      return .answer(
        PasswordAnswer(act: act, user: ByteString(user), password: ByteString(password)))
    case .text(let byte):
      if isAtPassword {
        PasswordPrompt.append(byte, to: &password)
      } else {
        PasswordPrompt.append(byte, to: &user)
      }
    case .backspace:
      if isAtPassword {
        PasswordPrompt.removeLast(of: &password)
      } else {
        PasswordPrompt.removeLast(of: &user)
      }
    case .control(0x75):
      if isAtPassword { password = [] } else { user = [] }
    default: break
    }
    return nil
  }

  private static func append(_ byte: UInt8, to text: inout [UInt8]) {
    if text.count < byteCountMax { text.append(byte) }
  }

  /// Removes the last character, all of its bytes.
  private static func removeLast(of text: inout [UInt8]) {
    while let byte = text.popLast(), isContinuation(byte) {}
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
