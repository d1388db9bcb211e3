// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a GPT says about a partition that holds one of several systems, in the attribute flags that
/// ChromiumOS gave a meaning (Disk format, "Selecting the kernel"): the priority in bits 48 to 51,
/// the tries that are left in bits 52 to 55, and in bit 56 whether it has started once.
public struct SystemSlot: Equatable, Sendable {
  /// From 15, which is started first, down to 1; 0 is never started.
  public let priority: Int
  /// The tries that are left.
  public var triesLeft: Int
  /// Whether it has started once.
  public let isSuccessful: Bool

  /// The type of `/usr` on x86-64 of Container Linux and Flatcar, the one that their GRUB looks
  /// for (coreos/grub, include/grub/gpt_partition.h).
  private static let type: ByteString = "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6"
  /// The bit of the attribute flags where the tries begin.
  static let triesShift: UInt64 = 52

  /// What a table says of a partition; nil for any other kind.
  public init?(_ partition: Partition) {
    guard case .gpt(let type) = partition.type, type.text == Self.type else { return nil }
    priority = Int(partition.attributes >> 48 & 0xf)
    triesLeft = Int(partition.attributes >> Self.triesShift & 0xf)
    isSuccessful = partition.attributes >> 56 & 1 == 1
  }

  /// The place in a list of the one that is started next: of those that have tries left, or have
  /// started once, the first of the highest priority. Nil if there is none.
  public static func next(of slots: [SystemSlot]) -> Int? {
    var found: Int?
    for (index, slot) in slots.enumerated() where slot.triesLeft > 0 || slot.isSuccessful {
      if slot.priority > (found.map { slots[$0].priority } ?? 0) { found = index }
    }
    return found
  }
}
