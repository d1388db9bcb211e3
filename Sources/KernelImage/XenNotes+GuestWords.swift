// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension XenNotes {
  private static let comma: UInt8 = 0x2c
  private static let equals: UInt8 = 0x3d

  /// Decodes the contents of a section `__xen_guest`, which kernels had before there were notes:
  /// `NAME=value` words with commas between, up to a zero byte. Unknown names are passed over.
  ///
  /// Numbers are decimal, or hexadecimal after `0x`, as Xen's libelf reads them
  /// (`elf_xen_parse_guest_info`).
  /// `HYPERCALL_PAGE` counts pages from `VIRT_BASE`, and `ELF_PADDR_OFFSET` is `VIRT_BASE` unless
  /// given.
  init(guestWords bytes: [UInt8]) throws(KernelImageError) {
    self.init()
    var hypercallFrame: UInt64?
    for word in ByteString(bytes.prefix { $0 != 0 }).split(on: Self.comma) where !word.isEmpty {
      count += 1
      let nameByteCount = word.bytes.firstIndex(of: Self.equals) ?? word.count
      let name = ByteString(word.bytes.prefix(nameByteCount))
      let value = word.dropFirst(nameByteCount + 1)
      if name == "LOADER" {
        loader = value
      } else if name == "GUEST_OS" {
        guestOS = value
      } else if name == "GUEST_VER" {
        guestVersion = value
      } else if name == "XEN_VER" {
        xenVersion = value
      } else if name == "PAE" {
        paeMode = value
      } else if name == "BSD_SYMTAB" {
        bsdSymbolTable = "yes"
      } else if name == "FEATURES" {
        features = value
      } else if name == "VIRT_BASE" {
        virtBase = try Self.number(name, value)
      } else if name == "VIRT_ENTRY" {
        entry = try Self.number(name, value)
      } else if name == "ELF_PADDR_OFFSET" {
        physicalOffset = try Self.number(name, value)
      } else if name == "HYPERCALL_PAGE" {
        hypercallFrame = try Self.number(name, value)
      }
    }
    if let frame = hypercallFrame {
      guard let offset = Checked.product(frame, 4096),
        let address = Checked.sum(offset, virtBase ?? 0)
      else { throw .hypercallPageOutsideKernel(address: frame) }
      hypercallPage = address
    }
    physicalOffset = physicalOffset ?? virtBase
  }

  private static func number(
    _ name: ByteString, _ text: ByteString
  ) throws(KernelImageError) -> UInt64 {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let value =
      isHexadecimal ? Numbers.hexadecimal(text.dropFirst(2)) : Numbers.decimal(text)
    // C takes digits after a zero for octal ones, GRUB for hexadecimal ones: nobody uses them.
    let isAmbiguous = text.hasPrefix("0") && text.count > 1 && !isHexadecimal
    guard let value, !isAmbiguous else { throw .guestWord(name: name, value: text) }
    return value
  }
}
