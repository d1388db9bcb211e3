// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// One line of a menu. It does not change once its menu is made: `copy` does.
public final class BootEntry: Equatable, @unchecked Sendable {
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
  public internal(set) var kind: Kind
  /// The text for people.
  public internal(set) var title: ByteString
  /// The text for files that name the entry; the title where nothing else is said.
  public internal(set) var id: ByteString
  /// The commands, as written, without the braces or the title line. They are parsed again when
  /// the entry is chosen, and are what an editor shows.
  public internal(set) var source: ByteString {
    get { ByteString(body) }
    set { body = newValue.bytes[...] }
  }
  /// The same as a part of the menu's text, of which no entry has a copy.
  var body: ArraySlice<UInt8>
  /// Where the body starts.
  public internal(set) var place: MenuPlace
  /// Who may boot it.
  public internal(set) var access: Access = .anyone
  /// The passwords of its own, of which one must be given.
  public internal(set) var passwords: [Menu.Password] = []
  /// Whether it is shown. A hidden entry is chosen by its key or its name.
  public internal(set) var isHidden = false
  /// The key that chooses it.
  public internal(set) var hotkey: ByteString?
  /// The positional arguments that the body sees: the title, then what followed it.
  var arguments: [ByteString] = []

  /// An entry with a title, which is its id as well.
  public convenience init(kind: Kind, title: ByteString, source: ByteString, place: MenuPlace) {
    self.init(kind: kind, title: title, body: source.bytes[...], place: place)
  }

  /// An entry whose commands are a part of a text.
  init(kind: Kind, title: ByteString, body: ArraySlice<UInt8>, place: MenuPlace) {
    self.kind = kind
    self.title = title
    id = title
    self.body = body
    self.place = place
  }

  /// A copy of the entry, for code that changes it.
  func copy() -> BootEntry {
    let other = BootEntry(kind: kind, title: title, body: body, place: place)
    other.id = id
    other.access = access
    other.passwords = passwords
    other.isHidden = isHidden
    other.hotkey = hotkey
    other.arguments = arguments
    return other
  }

  /// The entry with other commands: what somebody has edited.
  public func edited(source: ByteString) -> BootEntry {
    let other = copy()
    other.source = source
    return other
  }

  /// Whether two entries look, boot and are locked alike.
  public static func == (left: BootEntry, right: BootEntry) -> Bool {
    left.kind == right.kind && left.title == right.title && left.id == right.id
      && left.body == right.body && left.place == right.place && left.access == right.access
      && left.passwords == right.passwords && left.isHidden == right.isHidden
      && left.hotkey == right.hotkey && left.arguments == right.arguments
  }
}
