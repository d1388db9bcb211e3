// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import Bytes
import Foundation

/// Writes a line to standard error.
func complain(_ text: String) {
  FileHandle.standardError.write(Data("pvgrub-tool: \(text)\n".utf8))
}

/// Tells that the input is bad; the status to end with.
func complaint(_ text: String) -> ExitCode {
  complain(text)
  return ExitCode(2)
}

extension FailureFamily {
  /// The status to end with after an error of this family; 2 is that of bad input on the host.
  var exitStatus: Int32 {
    switch self {
    case .wrongRequest: 1
    case .unsupported: 3
    case .corrupt: 4
    case .device: 5
    }
  }
}
