// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The ELF notes by which a kernel tells Xen what it is (xen/include/public/elfnote.h).
public struct XenNotes: Equatable, Sendable {
  /// `ENTRY`: the virtual address of the PV entry.
  public var entry: UInt64?
  /// `HYPERCALL_PAGE`: the virtual address of the page for hypercall stubs.
  public var hypercallPage: UInt64?
  /// `VIRT_BASE`: the virtual address of pseudo-physical address 0.
  public var virtBase: UInt64?
  /// `PADDR_OFFSET`: what is to be taken away from `p_paddr`.
  public var physicalOffset: UInt64?
  /// `XEN_VERSION`.
  public var xenVersion: ByteString?
  /// `GUEST_OS`.
  public var guestOS: ByteString?
  /// `GUEST_VERSION`.
  public var guestVersion: ByteString?
  /// `LOADER`.
  public var loader: ByteString?
  /// `PAE_MODE`.
  public var paeMode: ByteString?
  /// `FEATURES`: names separated by `|`, required ones with `!` in front.
  public var features: ByteString?
  /// `BSD_SYMTAB`: "yes" if the symbol table is to be loaded after the kernel.
  public var bsdSymbolTable: ByteString?
  /// `HV_START_LOW`: the lowest virtual address that the hypervisor may use.
  public var hypervisorStartLow: UInt64?
  /// `L1_MFN_VALID`: mask and value, in turn.
  public var l1FrameValid: [UInt64] = []
  /// `SUSPEND_CANCEL`.
  public var suspendCancel: UInt64?
  /// `INIT_P2M`: the virtual address for the p2m list.
  public var initP2M: UInt64?
  /// `MOD_START_PFN`: not 0 if the module may be given by frame number, unmapped.
  public var moduleStartPFN: UInt64?
  /// `SUPPORTED_FEATURES`: bits by feature number, 32 a word.
  public var supportedFeatures: [UInt32] = []
  /// `PHYS32_ENTRY`: the physical address of the PVH entry.
  public var phys32Entry: UInt64?
  /// `PHYS32_RELOC`: alignment, lowest and highest address, of which the last may be missing. One 0
  /// for a note without numbers.
  public var phys32Relocation: [UInt32] = []
  /// The number of notes with the name "Xen".
  public internal(set) var count = 0

  /// The name of Xen's notes, with its terminator.
  private static let name: [UInt8] = [0x58, 0x65, 0x6e, 0]

  /// Notes of a kernel that has none.
  public init() {}

  /// Decodes the notes in the contents of note segments. Notes of other names are passed over;
  /// where a note comes twice, the last one counts, as in Xen's libelf.
  public init(_ segments: [[UInt8]]) throws(KernelImageError) {
    for segment in segments {
      let view = ByteView(segment)
      var offset = 0
      // Each turn moves on by 12 bytes at least.
      while view.count - offset >= 12 {
        guard let nameByteCount = view.u32(at: offset), let byteCount = view.u32(at: offset + 4),
          let type = view.u32(at: offset + 8)
        else { throw .noteTruncated(offset: offset) }
        // Three 32-bit numbers rounded up can't leave 64 bits.
        let nameOffset = offset + 12
        let contentOffset = nameOffset + (Int(nameByteCount) + 3) / 4 * 4
        guard let name = view.slice(at: nameOffset, count: Int(nameByteCount)),
          let content = view.slice(at: contentOffset, count: Int(byteCount))
        else { throw .noteTruncated(offset: offset) }
        if name.bytes == Self.name {
          count += 1
          try take(type, content)
        }
        offset = contentOffset + (Int(byteCount) + 3) / 4 * 4
      }
    }
  }

  private mutating func take(_ type: UInt32, _ content: ByteView) throws(KernelImageError) {
    switch type {
    case 1: entry = try Self.number(type, content)
    case 2: hypercallPage = try Self.number(type, content)
    case 3: virtBase = try Self.number(type, content)
    case 4: physicalOffset = try Self.number(type, content)
    case 5: xenVersion = content.terminatedString(at: 0, count: content.count)
    case 6: guestOS = content.terminatedString(at: 0, count: content.count)
    case 7: guestVersion = content.terminatedString(at: 0, count: content.count)
    case 8: loader = content.terminatedString(at: 0, count: content.count)
    case 9: paeMode = content.terminatedString(at: 0, count: content.count)
    case 10: features = content.terminatedString(at: 0, count: content.count)
    case 11: bsdSymbolTable = content.terminatedString(at: 0, count: content.count)
    case 12: hypervisorStartLow = try Self.number(type, content)
    case 13: l1FrameValid = Self.words(content)
    case 14: suspendCancel = try Self.number(type, content)
    case 15: initP2M = try Self.number(type, content)
    case 16: moduleStartPFN = try Self.number(type, content)
    case 17: supportedFeatures = Self.halfWords(content)
    case 18: phys32Entry = try Self.number(type, content)
    case 19:
      phys32Relocation = Self.halfWords(content)
      if phys32Relocation.isEmpty { phys32Relocation = [0] }
    default: break
    }
  }

  private static func number(
    _ type: UInt32, _ content: ByteView
  ) throws(KernelImageError) -> UInt64 {
    if content.count == 4, let value = content.u32(at: 0) { return UInt64(value) }
    if content.count == 8, let value = content.u64(at: 0) { return value }
    throw .noteSize(type: type, byteCount: content.count)
  }

  private static func words(_ content: ByteView) -> [UInt64] {
    var result: [UInt64] = []
    while let value = content.u64(at: result.count * 8) { result.append(value) }
    return result
  }

  private static func halfWords(_ content: ByteView) -> [UInt32] {
    var result: [UInt32] = []
    while let value = content.u32(at: result.count * 4) { result.append(value) }
    return result
  }
}
