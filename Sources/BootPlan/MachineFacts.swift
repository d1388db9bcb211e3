// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// What the command line asks of the domain rather than of its disks. The host program has none.
public protocol MachineFacts: AnyObject {
  /// The guest's memory.
  func memoryMap() -> [MemoryRange]
  /// The names below a node of xenstore.
  func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString]
  /// The value of a node of xenstore.
  func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString
  /// A clock.
  func nanoseconds() -> UInt64?
  /// Whether Ctrl-C was typed since the last call.
  func isInterrupted() -> Bool
}
