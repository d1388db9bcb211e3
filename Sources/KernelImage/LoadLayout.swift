// SPDX-License-Identifier: GPL-2.0-or-later

/// A `PT_LOAD` segment whose ends are known to fit into 64 bits.
public struct LoadSegment: Equatable, Sendable {
  /// The bytes of the unpacked file.
  public let file: Range<UInt64>
  /// Where they go: `p_paddr` up to `p_paddr + p_memsz`.
  public let memory: Range<UInt64>
  /// `p_align`.
  let alignment: UInt64
}

/// Where the parts of an ELF kernel go. Addresses are `p_paddr`, from which `PADDR_OFFSET` is still
/// to be taken away.
public struct LoadLayout: Equatable, Sendable {
  /// The most memory that a kernel may span.
  public static let memoryByteCountMax: UInt64 = 1 << 30
  /// The most bytes of notes that are kept.
  public static let noteByteCountMax = 64 * 1024

  /// The segments, by place in the file. Neither their files nor their memories overlap.
  public let segments: [LoadSegment]
  /// Where notes are in the unpacked file, by place.
  public let notes: [Range<UInt64>]
  /// From the first address to the end of the last.
  public let memory: Range<UInt64>

  /// Checks the segments that `headers` tell of.
  public init(_ headers: [ProgramHeader]) throws(KernelImageError) {
    var segments: [LoadSegment] = []
    var notes: [Range<UInt64>] = []
    for (index, header) in headers.enumerated() {
      if header.type == ProgramHeader.typeLoad, header.memoryByteCount > 0 {
        segments.append(try Self.segment(header, index: index))
      }
      // Xen's libelf skips notes at offset 0, which broken linkers leave behind.
      if header.type == ProgramHeader.typeNote, header.fileByteOffset != 0 {
        let (end, overflow) = header.fileByteOffset.addingReportingOverflow(header.fileByteCount)
        guard !overflow else { throw .segmentOverflow(index: index) }
        notes.append(header.fileByteOffset..<end)
      }
    }
    memory = try Self.span(of: segments)
    self.segments = segments.sorted { $0.file.lowerBound < $1.file.lowerBound }
    self.notes = notes.sorted { $0.lowerBound < $1.lowerBound }
    try checkFileOverlap()
    try checkNoteByteCount()
  }

  /// The largest alignment that a segment asks for.
  var alignment: UInt64 { segments.reduce(0) { max($0, $1.alignment) } }

  /// Where the last byte that is needed ends in the unpacked file.
  public var fileEnd: UInt64 {
    var end: UInt64 = 0
    for segment in segments { end = max(end, segment.file.upperBound) }
    for note in notes { end = max(end, note.upperBound) }
    return end
  }

  /// What no byte of the file fills, in whole pages from the first address to the last: bss, and
  /// the gaps between segments. Must be zero when the kernel starts.
  public var zeroRanges: [Range<UInt64>] {
    let pageByteCount: UInt64 = 4096
    var result: [Range<UInt64>] = []
    var position = memory.lowerBound / pageByteCount * pageByteCount
    for segment in segments.sorted(by: { $0.memory.lowerBound < $1.memory.lowerBound })
    where !segment.file.isEmpty {
      if position < segment.memory.lowerBound {
        result.append(position..<segment.memory.lowerBound)
      }
      let byteCount = segment.file.upperBound - segment.file.lowerBound
      position = segment.memory.lowerBound + byteCount
    }
    // The limit on addresses leaves room for rounding up.
    let end = (memory.upperBound + pageByteCount - 1) / pageByteCount * pageByteCount
    if position < end { result.append(position..<end) }
    return result
  }

  private static func segment(
    _ header: ProgramHeader, index: Int
  ) throws(KernelImageError) -> LoadSegment {
    guard header.fileByteCount <= header.memoryByteCount else {
      throw .segmentSizes(
        index: index, fileByteCount: header.fileByteCount,
        memoryByteCount: header.memoryByteCount)
    }
    let file = header.fileByteOffset.addingReportingOverflow(header.fileByteCount)
    let memory = header.physicalAddress.addingReportingOverflow(header.memoryByteCount)
    guard !file.overflow, !memory.overflow, memory.partialValue <= addressMax else {
      throw .segmentOverflow(index: index)
    }
    return LoadSegment(
      file: header.fileByteOffset..<file.partialValue,
      memory: header.physicalAddress..<memory.partialValue, alignment: header.alignment)
  }

  /// Leaves room for rounding up to pages.
  private static let addressMax = UInt64.max - 0xffff

  private static func span(of segments: [LoadSegment]) throws(KernelImageError) -> Range<UInt64> {
    let sorted = segments.sorted { $0.memory.lowerBound < $1.memory.lowerBound }
    guard let first = sorted.first, let last = sorted.last else { throw .nothingToLoad }
    var end = first.memory.lowerBound
    for segment in sorted {
      guard segment.memory.lowerBound >= end else {
        throw .segmentsOverlap(physicalAddress: segment.memory.lowerBound)
      }
      end = segment.memory.upperBound
    }
    let span = first.memory.lowerBound..<last.memory.upperBound
    let byteCount = span.upperBound - span.lowerBound
    guard byteCount <= memoryByteCountMax else {
      throw .kernelTooLarge(byteCount: byteCount, byteCountMax: memoryByteCountMax)
    }
    return span
  }

  private func checkFileOverlap() throws(KernelImageError) {
    var end: UInt64 = 0
    for segment in segments where !segment.file.isEmpty {
      guard segment.file.lowerBound >= end else {
        throw .segmentsOverlap(physicalAddress: segment.memory.lowerBound)
      }
      end = segment.file.upperBound
    }
  }

  private func checkNoteByteCount() throws(KernelImageError) {
    var total: UInt64 = 0
    for note in notes {
      let (sum, overflow) = total.addingReportingOverflow(note.upperBound - note.lowerBound)
      guard !overflow, sum <= UInt64(Self.noteByteCountMax) else {
        throw .notesTooLarge(byteCountMax: Self.noteByteCountMax)
      }
      total = sum
    }
  }
}
