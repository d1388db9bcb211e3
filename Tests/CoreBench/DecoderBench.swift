// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders
import Decompression
import Glibc

/// The decoder's face beside the library's own call for a whole payload.
enum DecoderBench {
  private static let memoryLimit: UInt64 = 256 << 20
  /// What the loader has of a file at one time.
  private static let chunkByteCount = 512 * 1024
  /// A piece of memory that the loader's payload gets at one time.
  private static let regionByteCount = 2 << 20

  static func run(format name: String, file: String, byteCount: Int, isOurs: Bool) throws {
    guard let format = PayloadFormat.allCases.first(where: { $0.name == ByteString(name) }) else {
      fatalError("no such format")
    }
    let packed = try bytes(of: file)
    // The margin of gzip, twice; lz4 needs less.
    let room = UnsafeMutableRawBufferPointer.allocate(
      byteCount: byteCount + byteCount / 128 + (128 << 10), alignment: 4096)
    // As in the loader, memory is there before the decoder needs it.
    room.initializeMemory(as: UInt8.self, repeating: 1)
    let output = UnsafeMutableRawBufferPointer(rebasing: room[..<byteCount])
    let seconds = try CoreBench.seconds {
      try packed.withUnsafeBytes { input in
        if isOurs {
          try decode(format, input, to: output, room)
        } else {
          try callLibrary(format, input, output)
        }
      }
    }
    var check: UInt64 = 0
    for index in stride(from: 0, to: byteCount, by: 512) {
      check = check &* 31 &+ UInt64(output[index])
    }
    print("check=\(check) seconds=\(seconds)")
  }

  private static func bytes(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { fatalError("cannot open \(path)") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file)
    rewind(file)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      done = fread(buffer.baseAddress, 1, count, file)
    }
  }

  private static func decode(
    _ format: PayloadFormat, _ input: UnsafeRawBufferPointer,
    to output: UnsafeMutableRawBufferPointer, _ whole: UnsafeMutableRawBufferPointer
  ) throws {
    let decoder = try Decoder(
      format, memoryLimit: memoryLimit,
      wholeByteCounts: format == .gzip
        ? Decoder.WholeByteCounts(packed: input.count, unpacked: output.count) : nil)
    var position = 0
    var filled = 0
    while filled < output.count {
      let chunk = input[position..<min(position + chunkByteCount, input.count)]
      let room =
        decoder.outputMarginByteCount > 0
        ? whole[filled...]
        : decoder.needsLinearOutput
          ? output[filled...] : output[filled..<min(filled + regionByteCount, output.count)]
      let progress = try decoder.decode(
        input: UnsafeRawBufferPointer(rebasing: chunk),
        output: UnsafeMutableRawBufferPointer(rebasing: room))
      position += progress.consumedByteCount
      filled += progress.producedByteCount
      if progress.isFinished { break }
      precondition(
        progress.consumedByteCount + progress.producedByteCount > 0, "the decoder stands still")
    }
    precondition(filled == output.count, "\(filled) bytes came out")
  }

  private static func callLibrary(
    _ format: PayloadFormat, _ input: UnsafeRawBufferPointer,
    _ output: UnsafeMutableRawBufferPointer
  ) throws {
    let source = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let target = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    switch format {
    case .xz:
      var limit = memoryLimit
      var (inputDone, outputDone) = (0, 0)
      let answer = lzma_stream_buffer_decode(
        &limit, 0, nil, source, &inputDone, input.count, target, &outputDone, output.count)
      precondition(answer == LZMA_OK && outputDone == output.count, "liblzma failed")
    case .zstd:
      let whole = ZSTD_findFrameCompressedSize(source, input.count)
      precondition(
        ZSTD_decompress(target, output.count, source, whole) == output.count, "libzstd failed")
    case .gzip:
      let state = libdeflate_alloc_decompressor()
      let answer = libdeflate_gzip_decompress(
        state, source, input.count, target, output.count, nil)
      precondition(answer == LIBDEFLATE_SUCCESS, "libdeflate failed")
      libdeflate_free_decompressor(state)
    case .lz4: callLZ4(input, output)
    default: fatalError("no library call for this format")
    }
  }

  /// Chunks of 8 MiB, each with its packed size in front (the legacy frame).
  private static func callLZ4(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) {
    guard let source = input.baseAddress, let target = output.baseAddress else { return }
    var position = 4
    var filled = 0
    while filled < output.count {
      let count = Int(input.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      position += 4
      let done = LZ4_decompress_safe(
        (source + position).assumingMemoryBound(to: CChar.self),
        (target + filled).assumingMemoryBound(to: CChar.self), Int32(count),
        Int32(min(8 << 20, output.count - filled)))
      precondition(done > 0, "liblz4 failed")
      position += count
      filled += Int(done)
    }
  }
}
