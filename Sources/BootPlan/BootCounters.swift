// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What a boot used besides time, up to its hand-over.
public struct BootCounters: Equatable, Sendable {
  /// Calls of Xen.
  public var hypercallCount: UInt64 = 0
  /// Requests to disks.
  public var requestCount: UInt64 = 0
  /// Bytes that disks gave.
  public var readByteCount: UInt64 = 0
  /// Frames that were granted to disks for one request.
  public var grantCount: UInt64 = 0
  /// Times that the loader slept for a disk.
  public var sleepCount: UInt64 = 0
  /// Bytes that were copied from one place to another: metadata, what a decoder copies out of its
  /// own window, and what could not be put into its place at once.
  public var copiedByteCount: UInt64 = 0
  /// The most bytes of memory that were in use at one time, image included, less what the new
  /// kernel and its ramdisks have in the end.
  public var peakByteCount: UInt64 = 0

  /// Nothing yet.
  public init() {}

  /// One line: `hypercalls=12 requests=3 ...`; sizes are in bytes.
  public var text: ByteString {
    "hypercalls=\(hypercallCount) requests=\(requestCount) read=\(readByteCount) "
      + "grants=\(grantCount) sleeps=\(sleepCount) copied=\(copiedByteCount) peak=\(peakByteCount)"
  }
}
