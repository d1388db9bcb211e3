// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What the commands of an entry have named so far.
struct LoaderState {
  /// The kernel with what belongs to it.
  var target: BootTarget?
  /// The file that `chainloader` named last.
  var chainloaded: ByteString?
  /// Whether that is a program for UEFI.
  var isProgramChainloaded = false
  /// Whether `boot` was called.
  var isBootRequested = false
  /// Whether a legacy entry asked for its password (`lock`).
  var isLocked = false
  /// What the last command that failed had to say.
  var lastFailure: ByteString?
  /// What is to be saved.
  var savedVariables: [BootTarget.SavedVariable] = []

  /// The result of an entry that ran to its end.
  func target(title: ByteString) throws(MenuError) -> BootTarget {
    if var target {
      target.savedVariables = savedVariables
      return target
    }
    if let chainloaded {
      if isProgramChainloaded { throw .firmwareProgram(title: title, file: chainloaded) }
      throw .chainloader(title: title, file: chainloaded)
    }
    if let lastFailure { throw .commandFailed(title: title, reason: lastFailure) }
    throw .noKernel(title: title)
  }
}
