// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How a statement ended.
enum ScriptFlow: Equatable {
  /// The next statement follows.
  case next
  /// This many loops are left.
  case breakLoops(Int)
  /// This many loops are left but for the last, which goes on.
  case continueLoop(Int)
  /// The function or the sourced file is left.
  case returned
  /// The whole script is left.
  case stopped
}
