// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// What a look at the log says about the newest changes.
public enum LogState: Equatable, Sendable {
  /// The last record says that the file system was unmounted: all changes are in their places.
  case clean
  /// It was not: changes are in the log and perhaps nowhere else.
  case dirty
  /// The log is on another device.
  case external
  /// The log can't be read, for this reason.
  case unreadable(XFSError)

  /// What an administrator should know; nil if nothing. Of a log elsewhere nothing is known.
  var remark: ByteString? {
    switch self {
    case .clean, .external: nil
    case .dirty:
      "was not unmounted and its log was not replayed: the newest changes may be missing"
    case .unreadable(let error):
      "its log can't be read, so the newest changes may be missing: \(error.message)"
    }
  }
}

/// Finds the last record of the log. It is not replayed: a record has parts of buffers and of
/// inodes in the form of the kernel that wrote it, and intents that only the whole of XFS can carry
/// out.
///
/// The log is a ring of blocks of 512 bytes, each of which begins with the number of the round that
/// wrote it, or is the head of a record, where a magic number stands before it
/// (`struct xlog_rec_header`). So the newest block is the last one with the number of the first.
struct LogInspection<Device: BlockDevice> {
  private let volume: Volume<Device>
  private let byteOffset: UInt64
  private let blockCount: UInt64

  static func state(of superblock: Superblock, on volume: Volume<Device>) -> LogState {
    if superblock.logStart == 0 { return .external }
    let blockCount = UInt64(superblock.logBlockCount)
    guard blockCount > 0, superblock.hasBlocks(superblock.logStart, blockCount) else {
      return .unreadable(.blockOutOfRange(.superblock, block: superblock.logStart))
    }
    let log = LogInspection(
      volume: volume, byteOffset: superblock.byteOffset(ofBlock: superblock.logStart),
      blockCount: blockCount << (superblock.blockLog - 9))
    do throws(XFSError) { return try log.isClean() ? .clean : .dirty } catch {
      return .unreadable(error)
    }
  }

  private func isClean() throws(XFSError) -> Bool {
    let round = try round(block(0))
    // A log of zeros was never used.
    let oldest = try self.round(block(blockCount - 1))
    if round == 0 && oldest == 0 { return true }
    // The end of what the round wrote is after `low` and not after `high`.
    var low: UInt64 = 0
    var high = blockCount
    while high - low > 1 {
      let middle = (low + high) / 2
      if try self.round(block(middle)) == round { low = middle } else { high = middle }
    }
    return try endsWithUnmount(before: high)
  }

  /// Whether the record that ends before the block `end` is one of an unmount, and nothing else.
  private func endsWithUnmount(before end: UInt64) throws(XFSError) -> Bool {
    for distance in 1...min(XFSLimits.logRecordBlockCount, blockCount) {
      let head = try block((end + blockCount - distance) % blockCount)
      guard Self.isHead(head) else { continue }
      let byteCount = UInt64(head.u32BigEndian(at: 12) ?? 0)
      // Version 2 has a header for each 32 KiB of the buffers that the log was written by.
      let isVersion2 = (head.u32BigEndian(at: 8) ?? 0) & 2 != 0
      let bufferByteCount = isVersion2 ? UInt64(head.u32BigEndian(at: 320) ?? 0) : 0
      let headCount = max(1, (bufferByteCount + 32767) / 32768)
      guard headCount + (byteCount + 511) / 512 == distance, headCount < distance,
        head.u32BigEndian(at: 40) == 1
      else { return false }
      // Its one operation has the flag of an unmount.
      let operation = try block((end + blockCount - distance + headCount) % blockCount)
      return (operation.u8(at: 9) ?? 0) & 0x20 != 0
    }
    return false
  }

  private static func isHead(_ block: ByteView) -> Bool { block.u32BigEndian(at: 0) == 0xfeed_babe }

  private func round(_ block: ByteView) -> UInt32 {
    block.u32BigEndian(at: Self.isHead(block) ? 4 : 0) ?? 0
  }

  private func block(_ index: UInt64) throws(XFSError) -> ByteView {
    do { return ByteView(try volume.read(at: byteOffset + 512 * index, count: 512)) } catch {
      throw .device(error)
    }
  }
}
