// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The features that a kernel says it can use (xen/include/public/features.h).
public struct XenFeatures: Equatable, Sendable {
  /// Bits by feature number, of the first 32.
  public private(set) var supported: UInt32

  /// The names that libelf knows, which are all that `FEATURES` may require.
  private static func number(of name: ByteString) -> UInt32? {
    if name == "writable_page_tables" { return 0 }
    if name == "writable_descriptor_tables" { return 1 }
    if name == "auto_translated_physmap" { return 2 }
    if name == "supervisor_mode_kernel" { return 3 }
    if name == "pae_pgdir_above_4gb" { return 4 }
    if name == "hvm_callback_vector" { return 8 }
    if name == "dom0" { return 11 }
    return nil
  }

  /// What a 64-bit PV guest that is not dom0 can be asked to have: page tables that it writes
  /// itself, and page directories anywhere.
  private static let offered: UInt32 = 1 << 0 | 1 << 4

  /// No features.
  init() { supported = 0 }

  /// Reads `FEATURES` and `SUPPORTED_FEATURES`; throws if one is required that PV guests don't
  /// have.
  public init(_ notes: XenNotes) throws(KernelImageError) {
    supported = notes.supportedFeatures.first ?? 0
    for field in (notes.features ?? "").split(on: 0x7c) where !field.isEmpty {
      let isRequired = field.hasPrefix("!")
      let name = isRequired ? field.dropFirst() : field
      let number = Self.number(of: name)
      if isRequired {
        guard let number, Self.offered & 1 << number != 0 else { throw .requiredFeature(name) }
      }
      if let number { supported |= 1 << number }
    }
  }
}
