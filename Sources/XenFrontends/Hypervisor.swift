// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why the hypervisor refused.
public enum HypervisorError: BootFailure {
  /// A hypercall failed with an errno value of Xen's `errno.h`.
  case refused(operation: ByteString, errno: Int)
  /// There is not enough memory.
  case outOfMemory(pageCount: Int)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the operation.
  public var message: ByteString {
    switch self {
    case .refused(let operation, let errno): "Xen refused \(operation) (error \(errno))"
    case .outOfMemory(let pageCount): "no memory for \(pageCount) pages"
    }
  }
}

/// Zeroed pages at consecutive addresses, which can be granted to a backend.
public struct SharedPages {
  /// Where the loader sees the first page; page aligned.
  public let address: UnsafeMutableRawPointer
  /// The pages' pseudo-physical frame numbers, one per page, in any order.
  public let frames: [UInt64]

  /// Pages at `address`.
  public init(address: UnsafeMutableRawPointer, frames: [UInt64]) {
    self.address = address
    self.frames = frames
  }
}

/// The few primitives that frontends need of their domain. In the image they are real hypercalls;
/// in tests they come with a fake dom0, which lies when told to.
public protocol Hypervisor: AnyObject {
  /// Xen's system time in nanoseconds; it never goes back.
  var now: UInt64 { get }

  /// `EVTCHNOP_send`.
  func send(port: UInt32)

  /// Clears the pending bit of `port`. Call it before looking at the ring.
  func clearPending(port: UInt32)

  /// `SCHEDOP_poll`: sleeps until one of `ports` is pending, but not beyond `deadline` in system
  /// time. May return early; returns at once when a port is pending already.
  func poll(ports: [UInt32], until deadline: UInt64)

  /// `EVTCHNOP_alloc_unbound` for this domain with `remoteDomain` at the other end.
  func allocateUnboundPort(remoteDomain: UInt16) throws(HypervisorError) -> UInt32

  /// `EVTCHNOP_close`.
  func close(port: UInt32)

  /// `GNTTABOP_query_size`, in frames of 512 version 1 entries: now, and at most.
  func grantTableSize() throws(HypervisorError) -> (frameCount: Int, frameCountMax: Int)

  /// Grows the grant table to `frameCount` frames if it is smaller, maps it, and returns the
  /// address of entry 0. The address does not change when the table grows.
  func mapGrantTable(frameCount: Int) throws(HypervisorError) -> UnsafeMutableRawPointer

  /// What a grant entry must hold for the pseudo-physical frame `frame`: in a PV domain its machine
  /// frame number, in a PVH domain `frame` itself.
  func grantableFrame(_ frame: UInt64) -> UInt64

  /// Zeroed, mapped, page-aligned pages.
  func allocateSharedPages(count: Int) throws(HypervisorError) -> SharedPages

  /// Frees pages. They must not be granted to anybody any more.
  func release(_ pages: SharedPages)
}
