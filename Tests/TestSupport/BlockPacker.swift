// SPDX-License-Identifier: GPL-2.0-or-later
import CDecoders
public import Bytes

/// Packs one block as file systems do, with the libraries' own packers.
public enum BlockPacker {
  /// All formats.
  public static let formats: [BlockFormat] = [
    .zlib, .deflate, .lzo, .lzoSegments(sectorByteCount: 4096), .lz4, .xz, .lzma,
    .microLZMA(dictionaryByteCount: 1 << 16), .zstd,
  ]

  /// What `bytes` are packed in.
  public static func pack(_ bytes: [UInt8], _ format: BlockFormat) throws -> [UInt8] {
    switch format {
    case .zlib: zlib(bytes)
    // Two bytes of header, and a checksum of four.
    case .deflate: Array(zlib(bytes).dropFirst(2).dropLast(4))
    case .lzo: lzo(bytes)
    case .lzoSegments(let count): lzoSegments(bytes, sectorByteCount: count)
    case .lz4: lz4(bytes)
    case .xz: try HostTool.output(["xz", "--check=crc32", "--lzma2=dict=1MiB"], input: bytes)
    case .lzma: try HostTool.output(["xz", "--format=lzma", "-1"], input: bytes)
    case .microLZMA(let count): microLZMA(bytes, dictionaryByteCount: count)
    case .zstd: try HostTool.output(["zstd", "-5", "--zstd=wlog=17"], input: bytes)
    }
  }

  private static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    precondition(compress2(&result, &count, bytes, uLong(bytes.count), 9) == Z_OK)
    return Array(result[..<Int(count)])
  }

  private static func lzo(_ bytes: [UInt8]) -> [UInt8] {
    var memory = [UInt8](repeating: 0, count: 1 << 18)
    var count = lzo_uint(0)
    var result = [UInt8](repeating: 0, count: bytes.count + bytes.count / 16 + 67)
    precondition(lzo1x_1_compress(bytes, lzo_uint(bytes.count), &result, &count, &memory) == 0)
    return Array(result[..<Int(count)])
  }

  /// As Btrfs writes them: no size of a block crosses the end of a sector.
  private static func lzoSegments(_ bytes: [UInt8], sectorByteCount: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 4)
    var position = 0
    while position < bytes.count {
      let part = Array(bytes[position..<min(position + sectorByteCount, bytes.count)])
      position += part.count
      let left = sectorByteCount - result.count % sectorByteCount
      if left < 4 { result += [UInt8](repeating: 0, count: left) }
      let block = lzo(part)
      result += word(block.count) + block
    }
    result.replaceSubrange(0..<4, with: word(result.count))
    return result
  }

  private static func word(_ count: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }

  private static func lz4(_ bytes: [UInt8]) -> [UInt8] {
    let room = LZ4_compressBound(Int32(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(room))
    let count = bytes.withUnsafeBytes { input in
      result.withUnsafeMutableBytes { output in
        LZ4_compress_default(
          input.baseAddress?.assumingMemoryBound(to: CChar.self),
          output.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), room)
      }
    }
    return Array(result[..<Int(count)])
  }

  private static func microLZMA(_ bytes: [UInt8], dictionaryByteCount: UInt32) -> [UInt8] {
    var options = lzma_options_lzma()
    precondition(lzma_lzma_preset(&options, 6) == 0)
    options.dict_size = dictionaryByteCount
    var stream = lzma_stream()
    precondition(lzma_microlzma_encoder(&stream, &options) == LZMA_OK)
    var result = [UInt8](repeating: 0, count: bytes.count + 4096)
    let room = result.count
    bytes.withUnsafeBufferPointer { input in
      result.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = input.count
        stream.next_out = output.baseAddress
        stream.avail_out = output.count
        precondition(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END)
      }
    }
    let count = room - stream.avail_out
    lzma_end(&stream)
    return Array(result[..<count])
  }
}
