// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import BootPlan
public import Bytes
import StubMachine
import XenFrontends

/// What the command line asks of the domain.
extension Loader: MachineFacts {
  static var controlC: UInt8 { 0x03 }

  /// A PVH domain's map as Xen gave it. A PV domain has none: all its frames are in one row.
  public func memoryMap() -> [MemoryRange] {
    let map = machine.entry.memoryMap
    if map.isEmpty {
      let byteCount = machine.entry.frameCount * Page.byteCount
      return [MemoryRange(address: 0, byteCount: byteCount, type: 1)]
    }
    var result: [MemoryRange] = []
    for entry in map {
      result.append(
        MemoryRange(address: entry.address, byteCount: entry.byteCount, type: entry.type))
    }
    return result
  }

  /// The names below a node of xenstore.
  public func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    do throws(XenStoreError) {
      return try store.directory(try ownPath(path))
    } catch { throw RescueFailure(error.message) }
  }

  /// What a node of xenstore holds.
  public func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
    do throws(XenStoreError) {
      return try store.read(try ownPath(path))
    } catch { throw RescueFailure(error.message) }
  }

  /// xenstore has no name for a domain's own directory but the whole one.
  private func ownPath(_ path: ByteString) throws(XenStoreError) -> ByteString {
    path.isEmpty ? "/local/domain/\(try store.read("domid").trimmed)" : path
  }

  /// System time.
  public func nanoseconds() -> UInt64? { machine.now }

  /// Looks for Ctrl-C, and keeps everything else for the command line. A long command also obeys
  /// the toolstack.
  public func isInterrupted() -> Bool {
    guard goesOn(byteCount: { 0 }) else { return true }
    let bytes = console.read()
    if bytes.contains(Self.controlC) {
      typedAhead = []
      return true
    }
    keep(bytes)
    return false
  }

  /// Keeps what was typed for whoever reads next, up to a limit.
  func keep(_ bytes: [UInt8]) {
    if typedAhead.count + bytes.count <= Self.typedByteCountMax { typedAhead += bytes }
  }
}
