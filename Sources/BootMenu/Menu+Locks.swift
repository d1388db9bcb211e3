// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a person wants of a menu, for which it may want a password.
public enum MenuAct: Equatable, Sendable {
  /// To start the entry with this index.
  case start(index: Int)
  /// To change the commands of the entry with this index.
  case edit(index: Int)
  /// To have the command line.
  case commandLine
  /// To give the password of a legacy menu, so that it opens its locks or another menu.
  case unlock
}

extension Menu {
  /// The passwords of which one opens the next lock in front of an act, where some have been given
  /// already. Nil if nothing is locked; none if nobody can open it.
  ///
  /// GRUB 2 (manual, "Authentication and authorisation"): with superusers, entries are for them and
  /// the users that they name, editing and the command line for superusers. GRUB legacy: the menu's
  /// password opens `lock`, editing and the command line, and an entry may want one of its own.
  /// Syslinux (menu.txt): the master password opens everything, that of an entry only this.
  public func lock(before act: MenuAct, given: [Password] = []) -> [Password]? {
    requirements(of: act).first { choice in !choice.contains { given.contains($0) } }
  }

  /// Whether passwords belong to users.
  public static func asksForUser(_ passwords: [Password]) -> Bool {
    passwords.isEmpty || passwords.contains { !$0.user.isEmpty }
  }

  /// All locks in front of an act: of each the passwords that open it.
  private func requirements(of act: MenuAct) -> [[Password]] {
    switch act {
    case .start(let index): return requirements(ofStarting: index)
    case .edit(let index): return requirements(of: .commandLine) + requirements(ofStarting: index)
    case .commandLine, .unlock:
      var result: [[Password]] = []
      if !superusers.isEmpty { result.append(passwords(of: superusers)) }
      if let master { result.append([master]) }
      return result
    }
  }

  private func requirements(ofStarting index: Int) -> [[Password]] {
    guard entries.indices.contains(index) else { return [] }
    let entry = entries[index]
    var result: [[Password]] = []
    switch (format, entry.access) {
    case (.grub2, .users(let users)), (.bls, .users(let users)):
      result.append(passwords(of: superusers + users))
    case (.legacy, .users): result.append(master.map { [$0] } ?? [])
    case (.syslinux, .users): return [entry.passwords + (master.map { [$0] } ?? [])]
    case (_, .anyone): break
    }
    if !entry.passwords.isEmpty { result.append(entry.passwords) }
    return result
  }

  /// The password without a user: that of a legacy menu, or the master password of syslinux.
  private var master: Password? { passwords.last { $0.user.isEmpty } }

  private func passwords(of users: [ByteString]) -> [Password] {
    passwords.filter { !$0.user.isEmpty && users.contains($0.user) }
  }
}

extension MenuInterpreter {
  /// The menu that a password of a legacy menu opens in place of it; nil if it opens none. Nothing
  /// that was given before counts in there.
  public func menu(behind password: Menu.Password, of menu: Menu) throws(MenuError) -> Menu? {
    guard let file = password.file else { return nil }
    let limit = MenuLimits.fileByteCountMax
    guard let text = environment.contents(of: file, byteCountMax: limit) else {
      throw .unreadable(file)
    }
    guard menu.depth < MenuLimits.submenuDepthMax else {
      throw .nestedTooDeeply(place: MenuPlace(file: file.name, line: 1))
    }
    var inner = try self.menu(text, file: file, format: .legacy)
    inner.depth = menu.depth + 1
    return inner
  }
}
