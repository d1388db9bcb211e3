// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes
import Passwords

/// The passwords that a person has given for the menus that are open: they count until the menu is
/// left.
public struct GivenPasswords: Sendable {
  private var passwords: [Menu.Password] = []

  /// None.
  public init() {}

  /// Adds a password that was right.
  public mutating func add(_ password: Menu.Password) { passwords.append(password) }

  /// The passwords of which one opens the next lock in front of what is wanted of the innermost
  /// menu; nil if nothing is locked. A menu inside another one opens no more than that does: the
  /// command line and the editor are after the locks of all.
  public func lock(before act: MenuAct, in menus: [Menu]) -> [Menu.Password]? {
    switch act {
    case .edit, .commandLine:
      for menu in menus.dropLast() {
        if let lock = menu.lock(before: .commandLine, given: passwords) { return lock }
      }
    case .start, .unlock: break
    }
    return menus.last?.lock(before: act, given: passwords)
  }
}

/// Tries a typed password at a lock, a little at a time.
public struct PasswordTrial: Sendable {
  /// How far it is.
  public enum State: Equatable, Sendable {
    /// `step` is to be called again.
    case running
    /// It opens the lock: this password was meant.
    case right(Menu.Password)
    /// It opens nothing.
    case wrong
  }

  /// Why some of the stored passwords can't be compared with anything.
  public private(set) var complaints: [ByteString] = []
  private var checks: [(password: Menu.Password, check: PasswordCheck)] = []

  /// A trial of a password at a lock; where passwords have users, at those of this one.
  public init(user: ByteString, password: ByteString, at lock: [Menu.Password]) {
    let hasUsers = Menu.asksForUser(lock)
    for stored in lock where !hasUsers || stored.user == user {
      do throws(PasswordError) {
        checks.append((stored, PasswordCheck(password, against: try StoredPassword(stored))))
      } catch {
        complaints.append(
          stored.user.isEmpty ? error.message : "user \(stored.user): \(error.message)")
      }
    }
  }

  /// Does some of the work.
  public mutating func step() -> State {
    guard !checks.isEmpty else { return .wrong }
    switch checks[0].check.step() {
    case .running: return .running
    case .right: return .right(checks[0].password)
    case .wrong:
      checks.removeFirst()
      return checks.isEmpty ? .wrong : .running
    }
  }
}

extension StoredPassword {
  /// A password of a menu.
  init(_ password: Menu.Password) throws(PasswordError) {
    switch password.form {
    case .plain: try self.init(plain: password.text)
    case .crypt: try self.init(crypt: password.text)
    case .pbkdf2: try self.init(pbkdf2: password.text)
    }
  }
}
