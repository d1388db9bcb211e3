// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What a unified kernel image says about itself, of one of its profiles.
public struct UnifiedKernelText: Equatable, Sendable {
  /// The section `.osrel`: the text of os-release.
  public var osRelease: ByteString
  /// The section `.uname`: the kernel's release.
  public var kernelRelease: ByteString
  /// The section `.cmdline`, on one line.
  public var commandLine: ByteString
  /// The section `.profile`: lines `ID=` and `TITLE=`; empty for an image without profiles.
  public var profile: ByteString

  /// The texts of a profile; what is missing is empty.
  public init(
    osRelease: ByteString, kernelRelease: ByteString, commandLine: ByteString,
    profile: ByteString = ""
  ) {
    self.osRelease = osRelease
    self.kernelRelease = kernelRelease
    self.commandLine = commandLine
    self.profile = profile
  }

  /// The length of all texts in bytes.
  var byteCount: Int {
    osRelease.count + kernelRelease.count + commandLine.count + profile.count
  }
}

extension MenuEnvironment {
  /// No file is a unified kernel image where nobody can tell.
  public func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] { [] }
}
