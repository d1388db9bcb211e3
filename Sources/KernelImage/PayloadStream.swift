// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Tells where each byte of an unpacked ELF kernel goes, in the order they come: a state machine
/// that touches no memory but the bytes it is shown.
///
/// Whoever drives it does what `step` says, and reports by `advance`.
public struct PayloadStream {
  /// What is to be done next.
  public enum Step: Equatable, Sendable {
    /// Read this many bytes to anywhere; they belong to the headers.
    case header(byteCount: Int)
    /// Copy bytes of the header, which lie in a segment too, to their address.
    case copyHeader(byteOffset: Int, byteCount: Int, physicalAddress: UInt64)
    /// Read bytes to their address.
    case store(physicalAddress: UInt64, byteCount: UInt64)
    /// Read bytes that nobody needs.
    case skip(byteCount: UInt64)
    /// Everything is in its place.
    case finished
  }

  /// What is to be done next.
  public private(set) var step: Step = .header(byteCount: ElfHeader.byteCount)

  /// The file header, when it has been read.
  public private(set) var elfHeader: ElfHeader?

  /// Where everything goes, when the program headers have been read.
  public private(set) var layout: LoadLayout?

  /// The first bytes of the file.
  public private(set) var header: [UInt8] = []

  /// The contents of the note segments, in the order of `layout.notes`.
  public var notes: [[UInt8]] { noteSegments.map { $0.bytes } }

  private var noteSegments: [KeptBytes] = []

  /// What was kept of the file after its segments, if `searchSections` was called.
  private(set) var kept: [KeptBytes] = []

  /// The number of bytes of the unpacked file seen so far.
  public private(set) var position: UInt64 = 0

  private var headerPieces: [HeaderPiece] = []

  private struct HeaderPiece {
    var byteOffset: Int
    var byteCount: Int
    var physicalAddress: UInt64
  }

  /// A stream of which nothing has been read.
  public init() {}

  /// Reports that `bytes`, at most as many as `step` asked for, were read and put where it said.
  public mutating func advance(_ bytes: UnsafeRawBufferPointer) throws(KernelImageError) {
    switch step {
    case .header(let byteCount):
      precondition(bytes.count <= byteCount, "more than the step asked for")
      header.append(contentsOf: bytes)
      position += UInt64(bytes.count)
      try advanceHeader()
    case .store(_, let byteCount), .skip(let byteCount):
      precondition(UInt64(bytes.count) <= byteCount, "more than the step asked for")
      capture(bytes)
      position += UInt64(bytes.count)
      updateStep()
    case .copyHeader, .finished: preconditionFailure("no bytes were asked for")
    }
  }

  /// Reports that `byteCount` bytes of the header were copied, at most as many as `step` asked
  /// for.
  public mutating func advanceHeaderCopy(byteCount: Int) {
    guard var piece = headerPieces.last, byteCount <= piece.byteCount else {
      preconditionFailure("more than the step asked for")
    }
    piece.byteOffset += byteCount
    piece.byteCount -= byteCount
    piece.physicalAddress += UInt64(byteCount)
    headerPieces.removeLast()
    if piece.byteCount > 0 { headerPieces.append(piece) }
    updateStep()
  }

  private mutating func advanceHeader() throws(KernelImageError) {
    var neededByteCount = ElfHeader.byteCount
    if header.count >= ElfHeader.byteCount {
      let elfHeader = try ElfHeader(ByteView(header))
      self.elfHeader = elfHeader
      neededByteCount = max(neededByteCount, elfHeader.programHeadersEnd)
      if header.count >= neededByteCount {
        let layout = try LoadLayout(elfHeader.programHeaders(in: ByteView(header)))
        self.layout = layout
        finishHeader(layout)
        return
      }
    }
    step = .header(byteCount: neededByteCount - header.count)
  }

  /// Uses what has been read of the header, and lies in a segment or a note as well.
  private mutating func finishHeader(_ layout: LoadLayout) {
    noteSegments = layout.notes.map { KeptBytes($0) }
    position = 0
    header.withUnsafeBytes { capture($0) }
    position = UInt64(header.count)
    for segment in layout.segments where segment.file.lowerBound < position {
      // Both bounds are at most header.count.
      let start = Int(segment.file.lowerBound)
      let end = Int(min(segment.file.upperBound, position))
      guard start < end else { continue }
      headerPieces.append(
        HeaderPiece(
          byteOffset: start, byteCount: end - start, physicalAddress: segment.memory.lowerBound))
    }
    headerPieces.reverse()
    updateStep()
  }

  private mutating func updateStep() {
    guard let layout else { return }
    if let piece = headerPieces.last {
      step = .copyHeader(
        byteOffset: piece.byteOffset, byteCount: piece.byteCount,
        physicalAddress: piece.physicalAddress)
      return
    }
    for segment in layout.segments where segment.file.upperBound > position {
      if segment.file.isEmpty { continue }
      if segment.file.lowerBound > position {
        step = .skip(byteCount: segment.file.lowerBound - position)
      } else {
        let done = position - segment.file.lowerBound
        step = .store(
          physicalAddress: segment.memory.lowerBound + done,
          byteCount: segment.file.upperBound - position)
      }
      return
    }
    let end = neededByteCount
    step = position < end ? .skip(byteCount: end - position) : .finished
  }

  /// Where the last byte that is needed ends in the file, as far as is known.
  public var neededByteCount: UInt64 {
    guard let layout else { return UInt64(ElfHeader.byteCount) }
    return max(layout.fileEnd, kept.last?.range.upperBound ?? 0)
  }

  /// Goes on to the section headers when all segments are in their place, to look for notes there.
  mutating func searchSections() throws(KernelImageError) {
    guard step == .finished, let elfHeader else { return }
    kept = try SectionSearch.windows(elfHeader, behind: position).map { KeptBytes($0) }
    updateStep()
  }

  /// The address at which the bytes of `range` are loaded; nil if they are not in one segment.
  func address(of range: Range<UInt64>) -> UInt64? {
    guard let layout else { return nil }
    for segment in layout.segments
    where segment.file.lowerBound <= range.lowerBound
      && range.upperBound <= segment.file.upperBound
    {
      return segment.memory.lowerBound + (range.lowerBound - segment.file.lowerBound)
    }
    return nil
  }

  /// Keeps the parts of `bytes`, which start at `position`, that lie in notes or windows.
  private mutating func capture(_ bytes: UnsafeRawBufferPointer) {
    for index in noteSegments.indices { noteSegments[index].capture(bytes, at: position) }
    for index in kept.indices { kept[index].capture(bytes, at: position) }
  }
}
