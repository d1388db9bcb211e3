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
  }

  /// Where it stands.
  public let place: MenuPlace
  /// What was skipped.
  public let kind: Kind

  /// Something that was skipped.
  public init(place: MenuPlace, kind: Kind) {
    self.place = place
    self.kind = kind
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
