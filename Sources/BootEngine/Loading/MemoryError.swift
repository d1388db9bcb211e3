// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder

/// Why the guest's memory can't take what is to be started.
indirect enum MemoryError: BootFailure {
  /// The guest is too small.
  case domain(DomainBuilderError)
  /// No frame is left.
  case outOfMemory(purpose: ByteString)
  /// Xen refused a mapping or a page table.
  case refused(operation: ByteString)

  var family: FailureFamily {
    switch self {
    case .domain(let error): error.family
    case .outOfMemory: .wrongRequest
    case .refused: .device
    }
  }

  var message: ByteString {
    switch self {
    case .domain(let error): error.message
    case .outOfMemory(let purpose): "the guest's memory is too small for \(purpose)"
    case .refused(let operation): "Xen refused \(operation); see 'xl dmesg'"
    }
  }
}
