// SPDX-License-Identifier: GPL-2.0-or-later

/// The columns and rows of a terminal, within the limits of our layout.
public struct TerminalSize: Equatable, Sendable {
  /// The columns that a terminal may have; a report outside of these is brought inside.
  public static let columnCounts = 40...250
  /// The rows that it may have.
  public static let rowCounts = 10...100
  /// A VT100's, used until a terminal reports another.
  public static let standard = TerminalSize(columnCount: 80, rowCount: 24)

  /// The width.
  public let columnCount: Int
  /// The height.
  public let rowCount: Int

  /// A size, brought inside the limits.
  public init(columnCount: Int, rowCount: Int) {
    self.columnCount = TerminalSize.limited(columnCount, to: TerminalSize.columnCounts)
    self.rowCount = TerminalSize.limited(rowCount, to: TerminalSize.rowCounts)
  }

  private static func limited(_ count: Int, to range: ClosedRange<Int>) -> Int {
    min(max(count, range.lowerBound), range.upperBound)
  }
}
