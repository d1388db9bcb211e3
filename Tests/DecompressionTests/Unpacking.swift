// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression
import TestSupport

/// The packers, each as the kernel's build calls it, and some more.
enum Packing: CaseIterable {
  case gzip, bzip2, lzma, xz, lzo, lzoOnePass, lz4, zstd, zstdFast, zstdWide

  var format: PayloadFormat {
    switch self {
    case .gzip: .gzip
    case .bzip2: .bzip2
    case .lzma: .lzma
    case .xz: .xz
    case .lzo, .lzoOnePass: .lzo
    case .lz4: .lz4
    case .zstd, .zstdFast, .zstdWide: .zstd
    }
  }

  func pack(_ bytes: [UInt8]) throws -> [UInt8] {
    switch self {
    case .gzip: try HostTool.output(["gzip", "-n", "-9"], input: bytes)
    case .bzip2: try HostTool.output(["bzip2", "-9"], input: bytes)
    case .lzma: try HostTool.output(["xz", "--format=lzma", "-6"], input: bytes)
    case .xz:
      try HostTool.output(["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"], input: bytes)
    case .lzo: try HostTool.output(["lzop", "-9", "--crc32"], input: bytes)
    case .lzoOnePass: try HostTool.output(["lzop", "-3"], input: bytes)
    case .lz4: try HostTool.output(["lz4", "-l", "-9", "-", "-"], input: bytes)
    case .zstd: try HostTool.output(["zstd", "-19"], input: bytes)
    case .zstdFast: try HostTool.output(["zstd", "-1", "--no-check"], input: bytes)
    case .zstdWide: try HostTool.output(["zstd", "-19", "--ultra", "--long=27"], input: bytes)
    }
  }
}

/// Unpacks in pieces until the stream ends, or no progress is made.
struct Unpacking {
  var inputPiece = 1 << 16
  var outputPiece = 1 << 16
  var memoryLimit = DecoderMemory.byteCountMax
  /// The window for formats with linear output.
  var windowByteCount = 1 << 20
  /// How much of the head is asked for before.
  var headByteCount = 100
  /// The number of bytes that come out, if the decoder may gather all packed bytes. The window is
  /// as large as it must be.
  var wholeByteCount: Int?

  func run(_ packed: [UInt8], _ format: PayloadFormat) throws -> (bytes: [UInt8], isFinished: Bool)
  {
    let decoder = try Decoder(
      format, memoryLimit: memoryLimit,
      wholeByteCounts: wholeByteCount.map {
        Decoder.WholeByteCounts(packed: packed.count, unpacked: $0)
      })
    defer { decoder.end() }
    return try packed.withUnsafeBytes { input in
      decoder.needsLinearOutput
        ? try runLinear(decoder, input) : try runInPieces(decoder, input)
    }
  }

  private func runInPieces(
    _ decoder: Decoder, _ packed: UnsafeRawBufferPointer
  ) throws -> (bytes: [UInt8], isFinished: Bool) {
    var result: [UInt8] = []
    var position = 0
    var piece = [UInt8](repeating: 0, count: outputPiece)
    while true {
      let end = min(packed.count, position + inputPiece)
      let progress = try piece.withUnsafeMutableBytes { output in
        try decoder.decode(
          input: UnsafeRawBufferPointer(rebasing: packed[position..<end]), output: output)
      }
      position += progress.consumedByteCount
      result += piece.prefix(progress.producedByteCount)
      let isStuck = progress.consumedByteCount == 0 && progress.producedByteCount == 0
      if progress.isFinished || (isStuck && end == packed.count) {
        precondition(decoder.consumedByteCount == UInt64(position))
        precondition(decoder.producedByteCount == UInt64(result.count))
        return (result, progress.isFinished)
      }
    }
  }

  /// Asks for the head first, then for all in one window.
  private func runLinear(
    _ decoder: Decoder, _ packed: UnsafeRawBufferPointer
  ) throws -> (bytes: [UInt8], isFinished: Bool) {
    var position = 0
    while decoder.head.count < headByteCount {
      let end = min(packed.count, position + inputPiece)
      let progress = try decoder.decodeHead(
        input: UnsafeRawBufferPointer(rebasing: packed[position..<end]))
      position += progress.consumedByteCount
      if progress.isFinished { break }
      if progress.consumedByteCount == 0, end == packed.count { break }
    }
    let head = Array(decoder.head)
    let byteCount = (wholeByteCount ?? windowByteCount) + decoder.outputMarginByteCount
    let window = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(byteCount, wholeByteCount == nil ? 0 : packed.count), alignment: 16)
    defer { window.deallocate() }
    window.initializeMemory(as: UInt8.self, repeating: 0xee)
    var produced = 0
    while true {
      let end = min(packed.count, position + inputPiece)
      let progress = try decoder.decode(
        input: UnsafeRawBufferPointer(rebasing: packed[position..<end]),
        output: UnsafeMutableRawBufferPointer(rebasing: window[produced...]))
      position += progress.consumedByteCount
      produced += progress.producedByteCount
      let isStuck = progress.consumedByteCount == 0 && progress.producedByteCount == 0
      if progress.isFinished || (isStuck && end == packed.count) {
        precondition(decoder.producedByteCount == UInt64(produced))
        let bytes = Array(window[..<produced])
        // What was shown of the head is what came out.
        precondition(bytes.starts(with: head.prefix(produced)) || produced < head.count)
        return (bytes, progress.isFinished || decoder.mayEndHere)
      }
    }
  }
}
