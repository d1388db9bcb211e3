// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
import Bytes

extension GuestEnvironment {
  /// What a unified kernel image says about itself, for each of its profiles; empty if the file is
  /// none, or is damaged.
  public func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    do throws(BootError) {
      return try UnifiedKernelFile(try locate(file))?.texts() ?? []
    } catch { return [] }
  }
}
