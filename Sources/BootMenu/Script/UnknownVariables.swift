// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Variables whose values only a boot knows. When a menu is inspected without its disks, `linux`
/// and its like get them as written. In the image there are none.
public struct UnknownVariables: Sendable {
  /// Names that are unknown unless the menu sets them: they come from `grubenv`, or from the menu
  /// that opens this one.
  public var unlessSet: [ByteString] = []
  /// Names that are unknown whatever the menu sets, because it computes them from the machine.
  public var always: [ByteString] = []

  /// None.
  public init() {}

  /// Whether there are none.
  var isEmpty: Bool { unlessSet.isEmpty && always.isEmpty }

  /// Whether a variable is one of them.
  func contains(_ name: ByteString, isSet: Bool) -> Bool {
    always.contains(name) || (!isSet && unlessSet.contains(name))
  }
}
