// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MiniOS
import XenFrontends

/// What the command line asks of the domain.
extension Loader: MachineFacts {
  /// Bytes that are kept of what is typed while a command runs.
  private static let typedAheadByteCountMax = 4096
  private static let controlC: UInt8 = 0x03

  /// A PVH domain's map as Xen gave it. A PV domain has none: all its frames are in one row.
  func memoryMap() -> [MemoryRange] {
    let map = info.memoryMap
    if map.isEmpty {
      return [MemoryRange(address: 0, byteCount: UInt64(info.frameCount) << 12, type: 1)]
    }
    var result: [MemoryRange] = []
    for entry in map {
      result.append(
        MemoryRange(address: entry.address, byteCount: entry.byteCount, type: entry.type))
    }
    return result
  }

  func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    do throws(XenStoreError) {
      return try store.directory(try ownPath(path))
    } catch { throw RescueFailure(error.message) }
  }

  func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
    do throws(XenStoreError) {
      return try store.read(try ownPath(path))
    } catch { throw RescueFailure(error.message) }
  }

  /// xenstore has no name for a domain's own directory but the whole one.
  private func ownPath(_ path: ByteString) throws(XenStoreError) -> ByteString {
    path.isEmpty ? "/local/domain/\(try store.read("domid").trimmed)" : path
  }

  func nanoseconds() -> UInt64? { hypervisor.now }

  /// Looks for Ctrl-C, and keeps everything else for the command line. A long command also obeys
  /// the toolstack.
  func isInterrupted() -> Bool {
    obeyToolstack()
    let bytes = console.read()
    if bytes.contains(Self.controlC) {
      typedAhead = []
      return true
    }
    if typedAhead.count + bytes.count <= Self.typedAheadByteCountMax { typedAhead += bytes }
    return false
  }
}
