// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// A decoder with its input: what is packed in a file, or in a part of one, as a stream.
final class Unpacker<Source: KernelSource> {
  typealias Failure = PayloadError<Source.Failure>

  /// What an unpacker may use.
  struct Limits {
    /// Bytes of heap.
    var decoderMemory: UInt64
    /// Bytes that come out.
    var unpackedByteCount: UInt64
    /// Whether gzip may be unpacked as a whole.
    var gathersGzip: Bool
    /// What pays for the bytes that come out.
    var work: WorkAccount
  }

  /// The size of the field after the packed data that tells the unpacked size, as the kernel's
  /// build puts it there (Linux, scripts/Makefile.lib, `size_append`).
  private static var sizeFieldByteCount: UInt64 { 4 }

  /// What a packed byte of deflate can give at most (RFC 1951: 258 bytes for two bits).
  private static var deflateRatioMax: UInt64 { 1032 }
  /// What must be left over for a payload to be unpacked as a whole: page tables, the headers'
  /// pages, the heap.
  private static var wholeSpareByteCount: UInt64 { 8 << 20 }

  let decoder: Decoder
  let limits: Limits
  /// The number of bytes that should come out, if somebody said so.
  private(set) var statedByteCount: UInt64?
  private var reader: ChunkReader<Source>
  /// Where the size field after the data ends, if there is one that is not known yet.
  private var sizeFieldEnd: UInt64?
  private var hasEnded = false
  /// Whether the decoder's head becomes no longer.
  private var headIsWhole = false
  /// What was unpacked ahead, and how much of it was taken.
  private var ahead: [UInt8] = []
  private var aheadTaken = 0

  /// Unpacks what `reader` gives from its place on up to `end`. If the data is a bzImage's payload,
  /// most formats have the unpacked size after.
  init(
    _ reader: ChunkReader<Source>, _ format: PayloadFormat, payloadEnd end: UInt64?,
    limits: Limits
  ) throws(Failure) {
    self.reader = reader
    self.limits = limits
    let head: ByteView
    do throws(Source.Failure) {
      head = ByteView(Array(try self.reader.peek(byteCount: DecoderMemory.headByteCount)))
    } catch { throw .source(error) }
    if let needed = DecoderMemory.byteCountNeeded(format, head: head),
      needed > limits.decoderMemory
    {
      throw .decompression(.memoryLimit(format, needed: needed, limit: limits.decoderMemory))
    }
    let whole = try Self.wholeGzip(&self.reader, format, payloadEnd: end, limits: limits)
    do throws(DecompressionError) {
      decoder = try Decoder(
        format, memoryLimit: limits.decoderMemory, wholeByteCounts: whole)
    } catch { throw .decompression(error) }
    if let end {
      self.reader.setEnd(end)
      if format.hasSizeField { try expectSizeField(end) }
    }
    if let whole { statedByteCount = UInt64(whole.unpacked) }
    if statedByteCount == nil { statedByteCount = format.statedByteCount(head: head) }
    if let stated = statedByteCount, stated > limits.unpackedByteCount {
      throw .image(.payloadTooLarge(byteCountMax: limits.unpackedByteCount))
    }
  }

  /// The sizes of a gzip payload that can be unpacked as a whole, which is quicker: they are known
  /// and look right, and there is memory for all that comes out. Throws only what the source does.
  private static func wholeGzip(
    _ reader: inout ChunkReader<Source>, _ format: PayloadFormat, payloadEnd end: UInt64?,
    limits: Limits
  ) throws(Failure) -> Decoder.WholeByteCounts? {
    guard format == .gzip, limits.gathersGzip, let end,
      end > reader.position + Self.sizeFieldByteCount
    else {
      return nil
    }
    let packed = end - reader.position
    let field: [UInt8]?
    do throws(Source.Failure) {
      field = try reader.bytes(
        at: end - Self.sizeFieldByteCount, count: Int(Self.sizeFieldByteCount))
    } catch { throw .source(error) }
    // RFC 1952, 2.3.1: ISIZE, the unpacked size modulo 2^32, ends the member.
    guard let field, let size = ByteView(field).u32(at: 0) else { return nil }
    let unpacked = UInt64(size)
    guard unpacked >= packed, unpacked / Self.deflateRatioMax <= packed,
      unpacked <= limits.unpackedByteCount,
      unpacked + Self.wholeSpareByteCount <= limits.decoderMemory
    else { return nil }
    return Decoder.WholeByteCounts(packed: Int(packed), unpacked: Int(unpacked))
  }

  /// Leaves the size field out of the packed data, and looks at it now if the source can.
  private func expectSizeField(_ end: UInt64) throws(Failure) {
    guard end - reader.position > Self.sizeFieldByteCount else {
      throw .image(.fileTruncated(position: end))
    }
    let start = end - Self.sizeFieldByteCount
    reader.setEnd(start)
    sizeFieldEnd = end
    do throws(Source.Failure) {
      let bytes = try reader.bytes(at: start, count: Int(Self.sizeFieldByteCount))
      if let bytes, let size = ByteView(bytes).u32(at: 0) {
        statedByteCount = UInt64(size)
        sizeFieldEnd = nil
      }
    } catch { throw .source(error) }
  }

  /// Unpacks at least one byte; none at the end. Throws if the input ends before it, or if more
  /// comes out than was said.
  func unpack(to output: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    if aheadTaken < ahead.count { return takeAhead(output) }
    while !hasEnded {
      let input = try available()
      let progress: Decoder.Progress
      do throws(DecompressionError) {
        progress = try decoder.decode(input: input, output: output)
      } catch { throw .decompression(withStatedSize(error)) }
      reader.advance(progress.consumedByteCount)
      hasEnded = progress.isFinished
      let isIdle = progress.consumedByteCount == 0 && progress.producedByteCount == 0
      if isIdle, !hasEnded { try endInput(input) }
      try checkByteCount()
      try pay(progress.producedByteCount)
      if progress.producedByteCount > 0 { return progress.producedByteCount }
    }
    return 0
  }

  /// A decoder knows only the room that it was given.
  private func withStatedSize(_ error: DecompressionError) -> DecompressionError {
    guard case .longerThanExpected(let format, _) = error, let stated = statedByteCount else {
      return error
    }
    return .longerThanExpected(format, byteCount: stated)
  }

  /// The decoder did nothing: it is at the end of its input, or stuck in the middle of it.
  private func endInput(_ input: UnsafeRawBufferPointer) throws(Failure) {
    guard input.isEmpty else {
      throw .decompression(.corrupt(decoder.format, position: decoder.consumedByteCount))
    }
    guard decoder.mayEndHere else { throw .image(.fileTruncated(position: reader.position)) }
    hasEnded = true
  }

  /// A few packed bytes can unpack to as many as there may be.
  private func pay(_ byteCount: Int) throws(Failure) {
    do throws(WorkError) {
      try limits.work.charge(.unpackedBytes, byteCount * decoder.format.unpackingFactor)
    } catch { throw .image(.work(error)) }
  }

  private func checkByteCount() throws(Failure) {
    guard decoder.producedByteCount <= limits.unpackedByteCount else {
      throw .image(.payloadTooLarge(byteCountMax: limits.unpackedByteCount))
    }
    if let stated = statedByteCount, decoder.producedByteCount > stated {
      throw .decompression(.longerThanExpected(decoder.format, byteCount: stated))
    }
  }

  private func takeAhead(_ output: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(ahead.count - aheadTaken, output.count)
    ahead.withUnsafeBytes { bytes in
      // SAFETY: count is within both.
      output.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[aheadTaken..<aheadTaken + count]))
    }
    aheadTaken += count
    return count
  }

  /// The first bytes that come out, at least `byteCount` unless there are no more. They come out
  /// again.
  func head(byteCount: Int) throws(Failure) -> ByteView {
    if decoder.needsLinearOutput {
      while decoder.head.count < byteCount, !headIsWhole { try extendHead() }
      return ByteView(Array(decoder.head))
    }
    while ahead.count < byteCount {
      let buffer = ScratchBuffer(byteCount: byteCount - ahead.count)
      let taken = aheadTaken
      aheadTaken = ahead.count
      let count = try unpack(to: buffer.bytes)
      aheadTaken = taken
      guard count > 0 else { break }
      ahead.append(contentsOf: buffer.bytes[..<count])
    }
    return ByteView(ahead)
  }

  /// Makes the decoder's head longer.
  private func extendHead() throws(Failure) {
    let input = try available()
    let progress: Decoder.Progress
    do throws(DecompressionError) {
      progress = try decoder.decodeHead(input: input)
    } catch { throw .decompression(error) }
    reader.advance(progress.consumedByteCount)
    headIsWhole = progress.isFinished
    if progress.consumedByteCount == 0, !headIsWhole {
      throw .image(.fileTruncated(position: reader.position))
    }
  }

  /// Unpacks what is left, for the checksum after it, and compares sizes. `scratch` is for what
  /// nobody needs.
  func finish(_ scratch: UnsafeMutableRawBufferPointer) throws(Failure) {
    while try unpack(to: scratch) > 0 {}
    try checkSize()
  }

  /// At the end: compares what came out with what was said.
  func checkSize() throws(Failure) {
    if let end = sizeFieldEnd {
      sizeFieldEnd = nil
      reader.setEnd(end)
      statedByteCount = try sizeField(end)
    }
    guard let stated = statedByteCount, stated != decoder.producedByteCount else { return }
    throw .decompression(
      .wrongSize(decoder.format, stated: stated, unpacked: decoder.producedByteCount))
  }

  /// The size field, for a source that can only be read in order.
  private func sizeField(_ end: UInt64) throws(Failure) -> UInt64 {
    let start = end - Self.sizeFieldByteCount
    while reader.position < start {
      let bytes = try available()
      guard !bytes.isEmpty else { throw .image(.fileTruncated(position: reader.position)) }
      reader.advance(min(bytes.count, Int(clamping: start - reader.position)))
    }
    do throws(Source.Failure) {
      let bytes = Array(try reader.peek(byteCount: Int(Self.sizeFieldByteCount)))
      if let size = ByteView(bytes).u32(at: 0) { return UInt64(size) }
    } catch { throw .source(error) }
    throw .image(.fileTruncated(position: reader.position))
  }

  private func available() throws(Failure) -> UnsafeRawBufferPointer {
    do throws(Source.Failure) { return try reader.available() } catch { throw .source(error) }
  }
}
