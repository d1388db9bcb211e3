// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression

/// Where the pages of a kernel go that was unpacked in a row: a page of the file that lies in one
/// segment, and at the same place in its page as in memory, is the segment's page and need not be
/// copied.
public struct LinearPlan: Equatable, Sendable {
  /// Pages of the file that are pages of memory.
  public struct Run: Equatable, Sendable {
    /// Numbers of pages in the file.
    public let filePages: Range<UInt64>
    /// `p_paddr` over 4096 of the first one.
    public let physicalPage: UInt64

    /// A run of `filePages`, the first of which is `physicalPage`.
    public init(filePages: Range<UInt64>, physicalPage: UInt64) {
      self.filePages = filePages
      self.physicalPage = physicalPage
    }
  }

  /// Bytes that must be copied.
  public struct Copy: Equatable, Sendable {
    /// Where they are in the file.
    public let file: Range<UInt64>
    /// Where they go.
    public let physicalAddress: UInt64

    /// A copy of `file` to `physicalAddress`.
    public init(file: Range<UInt64>, physicalAddress: UInt64) {
      self.file = file
      self.physicalAddress = physicalAddress
    }
  }

  private static let pageByteCount: UInt64 = 4096

  /// By place in the file.
  public let runs: [Run]
  /// By place in the file.
  public let copies: [Copy]

  /// Pages of the file between segments, of which nothing is loaded and which are taken for zeros:
  /// they may share a frame. By place in the file. Only for a decoder whose output is checked as a
  /// whole, since it reads there what it wrote last.
  public let gaps: [Range<UInt64>]

  /// A plan for `layout`, whose segments overlap neither in the file nor in memory. `gapsEnd`: the
  /// place in the file before which there may be gaps.
  public init(_ layout: LoadLayout, gapsEnd: UInt64 = 0) {
    gaps = Self.gaps(layout, before: gapsEnd / Self.pageByteCount)
    var runs: [Run] = []
    var copies: [Copy] = []
    for segment in layout.segments where !segment.file.isEmpty {
      let file = segment.file
      // Whoever asks for a plan has compared the file's end with its size.
      let first = (file.lowerBound + Self.pageByteCount - 1) / Self.pageByteCount
      let last = file.upperBound / Self.pageByteCount
      let start = segment.memory.lowerBound
      guard first < last,
        file.lowerBound % Self.pageByteCount == start % Self.pageByteCount
      else {
        copies.append(Copy(file: file, physicalAddress: start))
        continue
      }
      let head = first * Self.pageByteCount - file.lowerBound
      if head > 0 {
        copies.append(
          Copy(file: file.lowerBound..<file.lowerBound + head, physicalAddress: start))
      }
      runs.append(
        Run(filePages: first..<last, physicalPage: (start + head) / Self.pageByteCount))
      let tail = last * Self.pageByteCount
      if tail < file.upperBound {
        copies.append(
          Copy(
            file: tail..<file.upperBound, physicalAddress: start + (tail - file.lowerBound)))
      }
    }
    self.runs = runs
    self.copies = copies
  }

  private static func gaps(_ layout: LoadLayout, before limit: UInt64) -> [Range<UInt64>] {
    var gaps: [Range<UInt64>] = []
    // The headers are read again in the window.
    var end = UInt64(Decoder.headByteCountMax)
    for segment in layout.segments where !segment.file.isEmpty {
      let first = end / Self.pageByteCount + (end % Self.pageByteCount == 0 ? 0 : 1)
      let last = min(segment.file.lowerBound / Self.pageByteCount, limit)
      if first < last { gaps.append(first..<last) }
      end = max(end, segment.file.upperBound)
    }
    return gaps
  }

  /// How many pages of the file, from `page` on, are of one gap.
  public func gapPageCount(fromFilePage page: UInt64) -> UInt64 {
    for gap in gaps where gap.contains(page) { return gap.upperBound - page }
    return 0
  }

  /// The page of memory that `page` of the file is; nil if it is none, and only scratch.
  public func physicalPage(ofFilePage page: UInt64) -> UInt64? {
    physicalPages(fromFilePage: page)?.first
  }

  /// The same, and how many pages from there on follow each other in memory as in the file.
  public func physicalPages(fromFilePage page: UInt64) -> (first: UInt64, count: UInt64)? {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].filePages.upperBound <= page { low = middle + 1 } else { high = middle }
    }
    guard low < runs.count, runs[low].filePages.contains(page) else { return nil }
    let run = runs[low]
    return (
      run.physicalPage + (page - run.filePages.lowerBound), run.filePages.upperBound - page
    )
  }

  /// How many pages of the file, from `page` on, are neither pages of memory nor of a gap; the
  /// largest number after the last that is one.
  public func scratchPageCount(fromFilePage page: UInt64) -> UInt64 {
    var end = UInt64.max
    for run in runs where run.filePages.upperBound > page {
      end = run.filePages.lowerBound
      break
    }
    for gap in gaps where gap.upperBound > page {
      end = min(end, gap.lowerBound)
      break
    }
    return end == .max ? end : end - min(page, end)
  }

  /// The number of bytes that are copied.
  public var copiedByteCount: UInt64 {
    copies.reduce(0) { $0 + ($1.file.upperBound - $1.file.lowerBound) }
  }
}
