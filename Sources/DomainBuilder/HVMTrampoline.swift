// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import KernelImage

/// Frames whose contents come to their place in the last step, when nothing of the loader is
/// needed any more: the loader, or something of it, is where the kernel wants to be.
public struct FrameMove: Equatable, Sendable {
  /// Where they go.
  public let targets: FrameRange
  /// The first frame they are copied from; nil if they are to be zeros.
  public let source: UInt64?

  /// A move.
  public init(targets: FrameRange, source: UInt64?) {
    self.targets = targets
    self.source = source
  }

  /// What is to be moved so that each page of `frames` is at its place, and each byte of `zeroed`
  /// that has no page is zero.
  public static func moves(zeroed: Range<UInt64>, frames: KernelFrames) -> [FrameMove] {
    var moves: [FrameMove] = []
    for placement in frames.placements where placement.target != placement.source {
      moves.append(FrameMove(targets: placement.targets, source: placement.source))
    }
    for missing in frames.missingPages(in: zeroed) {
      moves.append(FrameMove(targets: missing, source: nil))
    }
    return moves
  }
}

/// The frames of the last step in a PVH domain: one of code, six of page tables that map the
/// first 4 GiB where they are, and the list of moves. Everything is below 4 GiB and at no move's
/// target, so that the code can go down to 32 bits and is overwritten by nothing it does.
public enum HVMTrampoline {
  /// The number of page tables: a root, one below it, and four with entries of 2 MiB.
  public static let tableCount = 6
  /// The size of an entry of the list: target, source and size, each 64 bits.
  public static let moveByteCount = 24
  /// What the list has as source of frames that are to be zeroed.
  static let sourceOfZeros = UInt64.max

  private static let tableFlags = PageTableEntry.present | PageTableEntry.writable
  /// A page of 2 MiB.
  private static let pageFlags = tableFlags | PageTableEntry.large
  private static let largePageShift: UInt64 = 21
  private static let entryCount = 512

  /// The number of frames for `moveCount` moves.
  public static func pageCount(moveCount: Int) -> UInt64 {
    let listPageCount = Page.count(ofBytes: UInt64(moveCount * moveByteCount))
    return UInt64(1 + tableCount) + listPageCount
  }

  /// The address of the code when the frames are `frames`.
  public static func codeAddress(_ frames: FrameRange) -> UInt64 {
    frames.lowerBound * Page.byteCount
  }

  /// The address of the root of the page tables.
  public static func rootAddress(_ frames: FrameRange) -> UInt64 {
    (frames.lowerBound + 1) * Page.byteCount
  }

  /// The address of the list.
  public static func listAddress(_ frames: FrameRange) -> UInt64 {
    (frames.lowerBound + 1 + UInt64(tableCount)) * Page.byteCount
  }

  /// The entries of table number `index`, which is in frame `index + 1` of `frames`: the root, the
  /// table below it, then those of 1 GiB each.
  public static func table(_ index: Int, frames: FrameRange) -> [UInt64] {
    precondition(index >= 0 && index < tableCount, "no such table")
    var entries = [UInt64](repeating: 0, count: entryCount)
    let root = rootAddress(frames)
    switch index {
    case 0: entries[0] = (root + Page.byteCount) | tableFlags
    case 1:
      for gigabyte in 0..<4 {
        entries[gigabyte] = (root + UInt64(2 + gigabyte) * Page.byteCount) | tableFlags
      }
    default:
      let first = UInt64((index - 2) * entryCount)
      for entry in 0..<entryCount {
        entries[entry] = (first + UInt64(entry)) << largePageShift | pageFlags
      }
    }
    return entries
  }

  /// The bytes of the list of `moves`.
  public static func list(_ moves: [FrameMove]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(moves.count * moveByteCount)
    for move in moves {
      bytes.appendLittleEndian(move.targets.lowerBound * Page.byteCount)
      bytes.appendLittleEndian(move.source.map { $0 * Page.byteCount } ?? sourceOfZeros)
      bytes.appendLittleEndian(move.targets.frameCount * Page.byteCount)
    }
    return bytes
  }
}
