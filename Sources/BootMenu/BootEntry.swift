// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// One line of a menu.
public struct BootEntry: Equatable, Sendable {
  /// What choosing it does.
  public enum Kind: Equatable, Sendable {
    /// It boots something.
    case boot
    /// It opens a menu of its own.
    case submenu
  }

  /// Who may boot it.
  public enum Access: Equatable, Sendable {
    /// Everybody.
    case anyone
    /// The superusers and these.
    case users([ByteString])
  }

  /// What choosing it does.
  public var kind: Kind
  /// The text for people.
  public var title: ByteString
  /// The text for files that name the entry; the title where nothing else is said.
  public var id: ByteString
  /// The commands, as written, without the braces or the title line. They are parsed again when
  /// the entry is chosen, and are what an editor shows.
  public var source: ByteString
  /// Where the body starts.
  public var place: MenuPlace
  /// Who may boot it.
  public var access: Access = .anyone
  /// The passwords of its own, of which one must be given.
  public var passwords: [Menu.Password] = []
  /// Whether it is shown. A hidden entry is chosen by its key or its name.
  public var isHidden = false
  /// The key that chooses it.
  public var hotkey: ByteString?
  /// The positional arguments that the body sees: the title, then what followed it.
  var arguments: [ByteString] = []

  /// An entry with a title, which is its id as well.
  public init(kind: Kind, title: ByteString, source: ByteString, place: MenuPlace) {
    self.kind = kind
    self.title = title
    id = title
    self.source = source
    self.place = place
  }
}
