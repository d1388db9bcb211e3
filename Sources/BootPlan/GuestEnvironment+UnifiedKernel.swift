// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
import Bytes
import KernelImage

extension GuestEnvironment {
  /// What a program for UEFI is (PE format, "Signature": MZ, and PE where the word at 0x3c says).
  public func program(in file: MenuFile) -> MenuProgram? {
    do throws(BootError) {
      let located = try locate(file)
      let head = ByteView(try located.bytes(at: 0, countMax: BzImage.headByteCount))
      guard head.u16(at: 0) == 0x5a4d else { return nil }
      if BzImage.isPresent(in: head) { return .kernel }
      if try UnifiedKernelFile(located) != nil { return .unifiedKernel }
      guard let start = head.u32(at: 0x3c),
        try located.bytes(at: UInt64(start), countMax: 4) == [0x50, 0x45, 0, 0]
      else { return nil }
      return .other
    } catch { return nil }
  }

  /// What a unified kernel image says about itself, for each of its profiles; empty if the file is
  /// none, or is damaged.
  public func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    do throws(BootError) {
      return try UnifiedKernelFile(try locate(file))?.texts() ?? []
    } catch { return [] }
  }
}
