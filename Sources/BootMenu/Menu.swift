// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A menu as its file has it: the entries and what the file says about choosing among them.
/// Nothing here is policy: an endless timeout is reported as such.
public struct Menu: Sendable {
  /// What is shown until the default boots.
  public enum TimeoutStyle: Equatable, Sendable {
    /// The menu is shown.
    case menu
    /// A countdown is shown in place of the menu.
    case countdown
    /// Nothing is shown.
    case hidden
  }

  /// A password of a user of GRUB 2, or one without a user of GRUB legacy and syslinux.
  public final class Password: Equatable, Sendable {
    /// How the password is stored.
    public enum Form: Equatable, Sendable {
      /// As it is.
      case plain
      /// With a hash's signature in front, as crypt(5) has it: `$1$` and others.
      case crypt
      /// As `grub.pbkdf2.sha512...`.
      case pbkdf2
    }
    /// The user; empty where there are none.
    public let user: ByteString
    /// How the password is stored.
    public let form: Form
    /// The stored text.
    public let text: ByteString
    /// The menu that a legacy password opens in place of the one that it is in.
    public let file: MenuFile?

    /// A stored password.
    public init(user: ByteString, form: Form, text: ByteString, file: MenuFile? = nil) {
      self.user = user
      self.form = form
      self.text = text
      self.file = file
    }

    /// Whether it is the same password of the same user, stored in the same way.
    public static func == (left: Password, right: Password) -> Bool {
      left.user == right.user && left.form == right.form && left.text == right.text
        && left.file == right.file
    }
  }

  /// The file that the menu came from.
  public var file: MenuFile
  /// The language it is written in.
  public var format: MenuFormat
  /// The entries in the order of the file.
  public var entries: [BootEntry] = []
  /// The entry that boots by itself: a number, an id or a title, or a path of those such as
  /// `1>0`. Empty if the file names none, which means the first.
  public var defaultName: ByteString = ""
  /// What to try, in this order, when the default fails.
  public var fallbackNames: [ByteString] = []
  /// Seconds until the default boots; nil if the file says nothing, negative for ever.
  public var timeoutSeconds: Int?
  /// What is shown until then.
  public var timeoutStyle = TimeoutStyle.menu
  /// Seconds that the file waited for a key while it was read (`sleep --interruptible`): the
  /// hidden timeout of older GRUB 2 menus.
  public var interruptibleSeconds = 0
  /// The passwords.
  public var passwords: [Password] = []
  /// Whether people may type commands and options: a file can say that they may not.
  public var isEditable = true
  /// The users that may boot and edit everything; empty if the menu is open to all.
  public var superusers: [ByteString] = []
  /// What was skipped.
  public var warnings: [MenuWarning] = []
  /// What the file printed.
  public var output: ByteString = ""
  /// What the file wants to be saved.
  public var savedVariables: [BootTarget.SavedVariable] = []
  /// Where a script stood when the menu was complete.
  var context = ScriptContext()
  /// The ids of the submenus that lead here, each with a `>` after it, for `$chosen`.
  var idPrefix: ByteString = ""
  /// How many menus this one is inside of.
  var depth = 0
  /// The directory for names without a slash, if it is not the file's.
  var directory: MenuFile?
  /// In a menu of syslinux with labels that lead to others by their tags: the lines of all of them.
  var wholeSource: ByteString = ""
  /// The tags of the menus of syslinux that lead here, from the outermost, whose tag is `.top`.
  var tags: [ByteString] = [".top"]
  /// The root device at the end of the file.
  var root: ByteString = ""

  /// An empty menu.
  public init(file: MenuFile, format: MenuFormat) {
    self.file = file
    self.format = format
  }
}

extension Menu {
  /// An entry that a name stands for, and what the name says about the menu after it.
  public struct Selection: Equatable, Sendable {
    /// The entry's index.
    public var index: Int
    /// The name for the submenu; empty if there is none.
    public var rest: ByteString

    /// An entry, with a name for the submenu that it opens.
    public init(index: Int, rest: ByteString = "") {
      self.index = index
      self.rest = rest
    }
  }

  /// The default entry: what `defaultName` stands for, or the first entry if it stands for none.
  /// Nil for a menu without entries.
  public var defaultSelection: Selection? {
    if entries.isEmpty { return nil }
    return selection(named: defaultName) ?? Selection(index: 0, rest: "")
  }

  /// The entries of `fallbackNames` that exist.
  public var fallbackSelections: [Selection] {
    fallbackNames.compactMap { selection(named: $0) }
  }

  /// What a name stands for: a number with nothing or a blank after it, an id or a title, up to
  /// a `>`; a doubled `>>` is one that belongs to the title (GRUB manual, "default").
  public func selection(named name: ByteString) -> Selection? {
    let (first, rest) = Menu.firstComponent(of: name)
    if first.isEmpty { return nil }
    let word = ByteString(Array(first.bytes.prefix { !ASCII.isBlank($0) }))
    if let number = ScriptNumber.whole(word) {
      return entries.indices.contains(number) ? Selection(index: number, rest: rest) : nil
    }
    for (index, entry) in entries.enumerated() where entry.id == first || entry.title == first {
      return Selection(index: index, rest: rest)
    }
    return nil
  }

  private static func firstComponent(of name: ByteString) -> (ByteString, ByteString) {
    var first = ByteString()
    let bytes = name.bytes
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x3e {
        guard index + 1 < bytes.count, bytes[index + 1] == 0x3e else {
          return (first, ByteString(bytes[(index + 1)...]))
        }
        index += 1
      }
      first.append(bytes[index])
      index += 1
    }
    return (first, "")
  }
}
