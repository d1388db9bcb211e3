// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Variables whose values only a boot knows. Where a menu is looked at without the disks around it,
/// what `linux` and its like get has them as they are written. An image has none.
public struct UnknownVariables: Sendable {
  /// Names that are unknown unless the menu sets them: they come from `grubenv`, or from the menu
  /// that opens this one.
  public var unlessSet: [ByteString] = []
  /// Names that are unknown whatever the menu sets, as it reckons them from the machine.
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
