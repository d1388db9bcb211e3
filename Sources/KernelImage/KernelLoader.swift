// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// Loads a kernel: its bytes go from the decoder to their final frames in one step.
public struct KernelLoader<Source: KernelSource, Memory: KernelMemory> {
  /// The loader's errors.
  public typealias Failure = KernelLoadError<Source.Failure, Memory.Failure>

  /// The most bytes that a kernel may unpack to unless told otherwise: Xen's
  /// `XC_DOM_DECOMPRESS_MAX`.
  public static var unpackedByteCountMaxDefault: UInt64 { 1 << 30 }

  /// The size of the buffer for headers and for what is skipped, and of the largest region.
  private static var scratchByteCount: Int { Int(ElfHeader.programHeadersEndMax) }
  private static var regionByteCountMax: UInt64 { 1 << 30 }

  /// Where the kernel's frames are.
  public private(set) var memory: Memory
  private var reader: ChunkReader<Source>
  private let decoderMemoryLimit: UInt64
  private let unpackedByteCountMax: UInt64
  private let scratch = ScratchBuffer(byteCount: Self.scratchByteCount)
  private var stream = PayloadStream()
  private var streamHasEnded = false
  private var isPrepared = false

  /// A loader from `source` to `memory` whose decoder may use `decoderMemoryLimit` bytes of heap
  /// and give `unpackedByteCountMax` bytes.
  public init(
    source: Source, memory: Memory, decoderMemoryLimit: UInt64,
    unpackedByteCountMax: UInt64 = Self.unpackedByteCountMaxDefault
  ) {
    reader = ChunkReader(source)
    self.memory = memory
    self.decoderMemoryLimit = decoderMemoryLimit
    self.unpackedByteCountMax = unpackedByteCountMax
  }

  /// Where the bytes came from.
  public var source: Source { reader.source }

  /// Loads the kernel. To be called once.
  public mutating func load() throws(Failure) -> LoadedKernel {
    let container = try findPayload()
    let head = ByteView(Array(try peek(DecoderMemory.headByteCount)))
    guard let format = PayloadFormat.detect(head) else {
      switch container {
      case .bzImage: throw .image(.unknownPayload)
      case .elf: throw .image(.notAKernel)
      }
    }
    let decoder = try makeDecoder(format, head: head)
    defer { decoder.end() }
    while stream.step != .finished { try doStep(decoder) }
    var notes = try parseNotes()
    if notes.count == 0 { notes = try searchNotes(decoder) }
    if decoder.hasEnd { try readToEnd(decoder) }
    guard let header = stream.elfHeader, let layout = stream.layout else {
      preconditionFailure("a finished stream has headers")
    }
    return LoadedKernel(
      container: container, format: format, unpackedByteCount: decoder.producedByteCount,
      header: header, layout: layout, notes: notes)
  }

  /// Finds out what kind of file it is, and goes to the start of the packed data.
  private mutating func findPayload() throws(Failure) -> LoadedKernel.Container {
    let head = ByteView(Array(try peek(BzImage.headByteCount)))
    guard BzImage.isPresent(in: head) else {
      if head.u16(at: 0) == 0x5a4d { throw .image(.portableExecutable) }
      return .elf
    }
    let image: BzImage
    do throws(KernelImageError) {
      image = try BzImage(head, fileByteCount: reader.source.byteCount)
    } catch { throw .image(error) }
    while reader.position < image.payloadByteOffset {
      let bytes = try available()
      guard !bytes.isEmpty else { throw .image(.fileTruncated(position: reader.position)) }
      let distance = image.payloadByteOffset - reader.position
      reader.advance(min(bytes.count, Int(clamping: distance)))
    }
    reader.limit(to: image.payloadByteOffset + image.payloadByteCount)
    return .bzImage(image)
  }

  private func makeDecoder(
    _ format: PayloadFormat, head: ByteView
  ) throws(Failure) -> Decoder {
    let needed = DecoderMemory.byteCountNeeded(format, head: head)
    if let needed, needed > decoderMemoryLimit {
      throw .decompression(
        .memoryLimit(format, needed: needed, limit: decoderMemoryLimit))
    }
    do throws(DecompressionError) {
      let decoder = try Decoder(format, memoryLimit: decoderMemoryLimit)
      // Regions are no window in a row.
      guard !decoder.needsLinearOutput else { throw .unsupportedOption(format, position: 0) }
      return decoder
    } catch { throw .decompression(error) }
  }

  private mutating func doStep(_ decoder: Decoder) throws(Failure) {
    switch stream.step {
    case .header(let byteCount):
      try fill(UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<byteCount]), decoder)
      try prepareMemory()
    case .skip(let byteCount):
      let count = min(scratch.bytes.count, Int(clamping: byteCount))
      try fill(UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<count]), decoder)
    case .store(let address, let byteCount):
      let count = Int(min(byteCount, Self.regionByteCountMax))
      try fill(try region(address, count), decoder)
    case .copyHeader(let offset, let byteCount, let address):
      let region = try region(address, byteCount)
      stream.header.withUnsafeBytes { header in
        // SAFETY: the step is inside the header, and the region no larger than the step.
        region.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: header[offset..<offset + region.count]))
      }
      stream.advanceHeaderCopy(byteCount: region.count)
    case .finished: break
    }
  }

  private mutating func prepareMemory() throws(Failure) {
    guard !isPrepared, let layout = stream.layout else { return }
    isPrepared = true
    do throws(Memory.Failure) {
      try memory.prepare(physicalAddresses: layout.memory)
    } catch { throw .memory(error) }
  }

  private mutating func region(
    _ address: UInt64, _ byteCount: Int
  ) throws(Failure) -> UnsafeMutableRawBufferPointer {
    do throws(Memory.Failure) {
      let region = try memory.region(physicalAddress: address, byteCount: byteCount)
      precondition(!region.isEmpty && region.count <= byteCount, "a region of the wrong size")
      return region
    } catch { throw .memory(error) }
  }

  /// Unpacks until `output` is full, and shows each piece to the stream.
  private mutating func fill(
    _ output: UnsafeMutableRawBufferPointer, _ decoder: Decoder
  ) throws(Failure) {
    var filled = 0
    while filled < output.count {
      let part = UnsafeMutableRawBufferPointer(rebasing: output[filled...])
      let count = try unpack(to: part, decoder)
      guard count > 0 else {
        throw .image(
          .payloadEndsEarly(
            position: decoder.producedByteCount, neededByteCount: stream.neededByteCount))
      }
      do throws(KernelImageError) {
        try stream.advance(UnsafeRawBufferPointer(rebasing: part[..<count]))
      } catch { throw .image(error) }
      filled += count
    }
  }

  /// Unpacks what follows the kernel, for the checksum behind it.
  private mutating func readToEnd(_ decoder: Decoder) throws(Failure) {
    while try unpack(to: scratch.bytes, decoder) > 0 {}
  }

  /// Unpacks at least one byte; none at the end of the stream. Throws if the file ends before it.
  private mutating func unpack(
    to output: UnsafeMutableRawBufferPointer, _ decoder: Decoder
  ) throws(Failure) -> Int {
    while !streamHasEnded {
      let input = try available()
      let progress: Decoder.Progress
      do throws(DecompressionError) {
        progress = try decoder.decode(input: input, output: output)
      } catch { throw .decompression(error) }
      reader.advance(progress.consumedByteCount)
      streamHasEnded = progress.isFinished
      guard decoder.producedByteCount <= unpackedByteCountMax else {
        throw .image(.payloadTooLarge(byteCountMax: unpackedByteCountMax))
      }
      if progress.producedByteCount > 0 { return progress.producedByteCount }
      if progress.consumedByteCount == 0, !streamHasEnded {
        // Out of input, or stuck in the middle of it.
        guard input.isEmpty else {
          throw .decompression(.corrupt(decoder.format, position: decoder.consumedByteCount))
        }
        throw .image(.fileTruncated(position: reader.position))
      }
    }
    return 0
  }

  private func parseNotes() throws(Failure) -> XenNotes {
    do throws(KernelImageError) {
      return try XenNotes(stream.notes)
    } catch { throw .image(error) }
  }

  /// The notes that the section headers lead to, for a kernel without any in its segments.
  private mutating func searchNotes(_ decoder: Decoder) throws(Failure) -> XenNotes {
    do throws(KernelImageError) {
      try stream.searchSections()
    } catch { throw .image(error) }
    guard !stream.kept.isEmpty, let header = stream.elfHeader else { return XenNotes() }
    while stream.step != .finished { try doStep(decoder) }
    let search = SectionSearch(header: header, pieces: stream.kept)
    let sections: (notes: [Range<UInt64>], guest: Range<UInt64>?)
    do throws(KernelImageError) {
      sections = try search.sections()
    } catch { throw .image(error) }
    var contents: [[UInt8]] = []
    for range in sections.notes { contents.append(try bytes(of: range, in: search)) }
    var words: [UInt8] = []
    if let range = sections.guest { words = try bytes(of: range, in: search) }
    do throws(KernelImageError) {
      let notes = try XenNotes(contents)
      return notes.count == 0 && !words.isEmpty ? try XenNotes(guestWords: words) : notes
    } catch { throw .image(error) }
  }

  /// A section that was kept or is in memory.
  private mutating func bytes(
    of range: Range<UInt64>, in search: SectionSearch
  ) throws(Failure) -> [UInt8] {
    if let bytes = search.bytes(range) { return bytes }
    do throws(Memory.Failure) {
      // The search lets no section through that is over 64 KiB.
      if let address = stream.address(of: range),
        let bytes = try memory.contents(
          physicalAddress: address, byteCount: Int(range.upperBound - range.lowerBound))
      {
        return bytes
      }
    } catch { throw .memory(error) }
    throw .image(.sectionOutOfReach(offset: range.lowerBound))
  }

  private mutating func available() throws(Failure) -> UnsafeRawBufferPointer {
    do throws(Source.Failure) { return try reader.available() } catch { throw .source(error) }
  }

  private mutating func peek(_ byteCount: Int) throws(Failure) -> UnsafeRawBufferPointer {
    do throws(Source.Failure) {
      return try reader.peek(byteCount: byteCount)
    } catch { throw .source(error) }
  }
}
