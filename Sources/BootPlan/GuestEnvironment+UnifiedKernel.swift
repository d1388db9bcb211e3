// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import BootMenu
import Bytes

extension GuestEnvironment {
  /// The most profiles of a unified kernel image that become entries.
  static var profileCountMax: Int { 16 }

  /// What a unified kernel image says about itself, for each of its profiles; empty if the file is
  /// none, or is damaged.
  public func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    do throws(BootError) {
      guard let image = try UnifiedKernelFile(try locate(file)) else { return [] }
      var result: [UnifiedKernelText] = []
      for profile in 0..<min(max(image.profileCount, 1), Self.profileCountMax) {
        result.append(
          UnifiedKernelText(
            osRelease: try image.osRelease(profile: profile),
            kernelRelease: try image.kernelRelease(profile: profile),
            commandLine: try image.commandLine(profile: profile),
            profile: try image.profileText(profile: profile)))
      }
      return result
    } catch { return [] }
  }
}
