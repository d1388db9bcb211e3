// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import StubMachine

/// What a kernel's memory must know of the domain that it is for.
struct PayloadTarget {
  /// Whether each page wants the frame of its own number. Else any frame will do, and gets its
  /// number later.
  let isInPlace: Bool
  /// The pages of the domain, for messages.
  let domainPageCount: UInt64
  /// Where a kernel with these physical addresses goes: the address of its first byte, whole pages
  /// away from its own. Throws if it can't be in the domain.
  let place: (Range<UInt64>) throws(DomainBuilderError) -> UInt64
}

/// Where the loader has its parts of the machine's window: 1 GiB each.
extension Machine {
  private var partByteCount: UInt64 { 1 << 30 }

  /// Where a kernel is unpacked in a row, if its decoder needs that.
  var linearStart: UInt64 { window.lowerBound }
  /// Where a kernel is unpacked, and is then.
  var payloadStart: UInt64 { window.lowerBound + partByteCount }
  /// Where the page of the hand-over's last code is.
  var handOverStart: UInt64 { window.lowerBound + 2 * partByteCount }
}
