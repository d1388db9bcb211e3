// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Something in a menu that was skipped, and where.
public final class MenuWarning: Equatable, Sendable {
  /// What was skipped.
  public enum Kind: Equatable, Sendable {
    /// An unknown command; reported once per menu.
    case unknownCommand(ByteString)
    /// Text that breaks the grammar; the statement was skipped.
    case syntax(ByteString)
    /// A command that failed.
    case failed(ByteString)

    /// The same, if it is not too long to be kept.
    var shortened: Kind {
      switch self {
      case .unknownCommand(let name): .unknownCommand(name.shortened)
      case .syntax(let what): .syntax(what.shortened)
      case .failed(let what): .failed(what.shortened)
      }
    }
  }

  /// Where it stands.
  public let place: MenuPlace
  /// What was skipped.
  public let kind: Kind

  /// Something that was skipped.
  public init(place: MenuPlace, kind: Kind) {
    self.place = place
    self.kind = kind.shortened
  }

  /// Whether the same was skipped at the same place.
  public static func == (left: MenuWarning, right: MenuWarning) -> Bool {
    left.place == right.place && left.kind == right.kind
  }

  /// One line for an administrator.
  public var message: ByteString {
    switch kind {
    case .unknownCommand(let name): "\(place.text): unknown command \(name)"
    case .syntax(let what): "\(place.text): \(what)"
    case .failed(let what): "\(place.text): \(what)"
    }
  }
}

extension ByteString {
  /// The text without its end, if it is longer than a warning or a failure may be.
  var shortened: ByteString {
    let limit = MenuLimits.warningByteCountMax
    return count <= limit ? self : ByteString(bytes[..<limit]) + "..."
  }
}
