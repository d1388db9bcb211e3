// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// Loads a kernel: its bytes go from the decoder to their final frames in one step.
///
/// The file may be a bzImage with a packed payload, an ELF file, or a packed one of these.
public struct KernelLoader<Source: KernelSource, Memory: KernelMemory> {
  /// The loader's errors.
  public typealias Failure = KernelLoadError<Source.Failure, Memory.Failure>

  /// The most bytes that a kernel may unpack to unless told otherwise: Xen's
  /// `XC_DOM_DECOMPRESS_MAX`.
  public static var unpackedByteCountMaxDefault: UInt64 { 1 << 30 }

  /// Where the kernel's frames are.
  public private(set) var memory: Memory
  private let first: Source
  private let decoderMemoryLimit: UInt64
  private let unpackedByteCountMax: UInt64
  private let gathersGzip: Bool
  private let work: WorkAccount
  /// Whether a gzip payload is unpacked as a whole. If that fails, it may be tried as a stream:
  /// that finds the place of the damage, or even that there is none (`WholeGzipDecoder`).
  public private(set) var hasGathered = false

  /// A loader from `source` to `memory` whose decoders may use `decoderMemoryLimit` bytes of heap
  /// and give `unpackedByteCountMax` bytes. `gathersGzip`: whether gzip may be unpacked as a whole.
  /// `work` pays for what is unpacked; what a kernel's file of that size may well come to is
  /// allowed beside what is left there.
  public init(
    source: Source, memory: Memory, decoderMemoryLimit: UInt64,
    unpackedByteCountMax: UInt64 = Self.unpackedByteCountMaxDefault, gathersGzip: Bool = true,
    work: WorkAccount = WorkAccount()
  ) {
    self.work = work
    first = source
    self.memory = memory
    self.decoderMemoryLimit = decoderMemoryLimit
    self.unpackedByteCountMax = unpackedByteCountMax
    self.gathersGzip = gathersGzip
  }

  /// Loads the kernel. To be called once.
  public mutating func load() throws(Failure) -> LoadedKernel {
    var reader = ChunkReader(first)
    let head = try Self.head(&reader)
    if BzImage.isPresent(in: head) {
      return try loadBzImage(reader, outerFormat: nil, decoderMemoryLimit)
    }
    if head.u16(at: 0) == 0x5a4d { throw .image(.portableExecutable) }
    guard let format = PayloadFormat.detect(head) else { throw .image(.notAKernel) }
    allow(format, fileByteCount: first.byteCount)
    let unpacker: Unpacker<Source>
    let inner: ByteView
    do throws(PayloadError<Source.Failure>) {
      unpacker = try Unpacker(
        reader, format, payloadEnd: nil, limits: limits(decoderMemoryLimit))
      if format == .uncompressed {
        inner = head
      } else {
        inner = try unpacker.head(byteCount: BzImage.headByteCount)
      }
    } catch { throw Failure(error) }
    defer { unpacker.decoder.end() }
    if BzImage.isPresent(in: inner) { return try loadInner(unpacker, head: head) }
    if let innerFormat = PayloadFormat.detect(inner), innerFormat != .uncompressed {
      throw .image(.packedTwice)
    }
    return try load(unpacker, .elf, outerFormat: nil)
  }

  private func limits<S: KernelSource>(_ decoderMemory: UInt64) -> Unpacker<S>.Limits {
    Unpacker<S>.Limits(
      decoderMemory: decoderMemory, unpackedByteCount: unpackedByteCountMax,
      gathersGzip: gathersGzip, work: work)
  }

  /// Raises the account's limit by the work of an ordinary kernel in a file of that size.
  private func allow(_ format: PayloadFormat, fileByteCount: UInt64) {
    let byteCount = min(fileByteCount, KernelLimits.justifyingFileByteCountMax)
    let unpacked = byteCount * KernelLimits.usualRatio * UInt64(format.unpackingFactor)
    work.allow(unpacked * WorkKind.unpackedBytes.price)
  }

  /// Loads a bzImage that comes out of `outer`, whose packed data starts with `head`.
  private mutating func loadInner(
    _ outer: Unpacker<Source>, head: ByteView
  ) throws(Failure) -> LoadedKernel {
    let format = outer.decoder.format
    // It would need a window of its own beside the kernel's.
    guard !outer.decoder.needsLinearOutput else { throw .image(.packedBzImage(format)) }
    let used = DecoderMemory.byteCountNeeded(format, head: head) ?? 0
    // The outer decoder was made, so it does not need more than the limit.
    let rest = decoderMemoryLimit - min(decoderMemoryLimit, used)
    do throws(KernelLoadError<PayloadError<Source.Failure>, Memory.Failure>) {
      return try loadBzImage(
        ChunkReader(UnpackingSource(outer)), outerFormat: format, rest)
    } catch { throw Failure(error) }
  }

  private mutating func loadBzImage<S: KernelSource>(
    _ file: ChunkReader<S>, outerFormat: PayloadFormat?, _ decoderMemory: UInt64
  ) throws(KernelLoadError<S.Failure, Memory.Failure>) -> LoadedKernel {
    var reader = file
    let head = try Self.head(&reader)
    let image: BzImage
    do throws(KernelImageError) {
      image = try BzImage(head, fileByteCount: reader.source.byteCount)
    } catch { throw .image(error) }
    let unpacker: Unpacker<S>
    do throws(PayloadError<S.Failure>) {
      try Self.skip(to: image.payloadByteOffset, &reader)
      let end = image.payloadByteOffset + image.payloadByteCount
      reader.setEnd(end)
      let payload = ByteView(Array(try Self.peek(PayloadFormat.magicByteCountMax, &reader)))
      guard let format = PayloadFormat.detect(payload) else { throw .image(.unknownPayload) }
      allow(format, fileByteCount: image.payloadByteCount)
      unpacker = try Unpacker(reader, format, payloadEnd: end, limits: limits(decoderMemory))
    } catch { throw KernelLoadError(error) }
    defer { unpacker.decoder.end() }
    hasGathered = unpacker.decoder.format == .gzip && unpacker.decoder.needsLinearOutput
    return try load(unpacker, .bzImage(image), outerFormat: outerFormat)
  }

  private mutating func load<S: KernelSource>(
    _ unpacker: Unpacker<S>, _ container: LoadedKernel.Container, outerFormat: PayloadFormat?
  ) throws(KernelLoadError<S.Failure, Memory.Failure>) -> LoadedKernel {
    var loader = PayloadLoader(unpacker, memory)
    defer { memory = loader.memory }
    return try loader.load(container, outerFormat: outerFormat)
  }

  private static func head<S: KernelSource>(
    _ reader: inout ChunkReader<S>
  ) throws(KernelLoadError<S.Failure, Memory.Failure>) -> ByteView {
    do throws(PayloadError<S.Failure>) {
      return ByteView(Array(try peek(DecoderMemory.headByteCount, &reader)))
    } catch { throw KernelLoadError(error) }
  }

  private static func peek<S: KernelSource>(
    _ byteCount: Int, _ reader: inout ChunkReader<S>
  ) throws(PayloadError<S.Failure>) -> UnsafeRawBufferPointer {
    do throws(S.Failure) {
      return try reader.peek(byteCount: byteCount)
    } catch { throw .source(error) }
  }

  private static func skip<S: KernelSource>(
    to position: UInt64, _ reader: inout ChunkReader<S>
  ) throws(PayloadError<S.Failure>) {
    while reader.position < position {
      let bytes: UnsafeRawBufferPointer
      do throws(S.Failure) { bytes = try reader.available() } catch { throw .source(error) }
      guard !bytes.isEmpty else { throw .image(.fileTruncated(position: reader.position)) }
      reader.advance(min(bytes.count, Int(clamping: position - reader.position)))
    }
  }
}
