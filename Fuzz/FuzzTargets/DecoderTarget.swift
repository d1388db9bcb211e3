// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import Decompression
import TestSupport

/// Packed data. The input's first byte chooses the format, and whether it is a block of a file
/// system or the stream of a kernel.
final class DecoderTarget: FuzzTarget {
  /// The most that comes out, in bytes.
  static let unpackedByteCountMax = 256 << 10
  /// What the decoders of streams may use, in bytes.
  static let memoryByteCountMax: UInt64 = 16 << 20

  let name = "decoders"
  let byteCountMax = 4096
  // There is no account: what is done is bounded by other things.
  let freeMilliseconds: UInt64 = 50
  private let blocks: [BlockFormat] = [
    .zlib, .deflate, .lzo, .lz4, .zstd, .xz, .lzma, .microLZMA(dictionaryByteCount: 65536),
    .lzoSegments(sectorByteCount: 4096),
  ]
  private let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)

  deinit { window.deallocate() }

  func seeds() -> [[UInt8]] {
    let text = Array("a kernel, a kernel, a kernel, and another kernel; ".utf8)
    let bytes = text + text + (0..<600).map { UInt8(truncatingIfNeeded: $0 &* $0) }
    var result: [[UInt8]] = []
    for (index, format) in PayloadFormat.allCases.enumerated() {
      guard let packed = try? Packer.pack(bytes, format) else { continue }
      result.append([UInt8(blocks.count + index)] + packed)
    }
    for (index, format) in blocks.enumerated() {
      guard let packed = try? BlockPacker.pack(bytes, format) else { continue }
      result.append([UInt8(index)] + packed)
    }
    return result
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    guard let first = input.first else { return }
    let packed = input.dropFirst()
    let choice = Int(first) % (blocks.count + PayloadFormat.allCases.count)
    if choice < blocks.count {
      let count = 1 + Int(first) / 32 * 9000
      let bytes = try? BlockDecoder.decode(packed, blocks[choice], byteCountMax: count)
      if let bytes, bytes.count > count { fatalError("more came out than there is room for") }
    } else {
      let format = PayloadFormat.allCases[choice - blocks.count]
      packed.withUnsafeBytes { stream($0, format, pieceByteCount: 16 << Int(first >> 5)) }
    }
  }

  private func stream(
    _ packed: UnsafeRawBufferPointer, _ format: PayloadFormat, pieceByteCount: Int
  ) {
    guard
      let decoder = try? Decoder(
        format, memoryLimit: max(Self.memoryByteCountMax, DecoderMemory.byteCountMin(format)))
    else { return }
    defer { decoder.end() }
    var position = 0
    var produced = 0
    func piece() -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(
        rebasing: packed[position..<min(packed.count, position + pieceByteCount)])
    }
    do throws(DecompressionError) {
      while decoder.needsLinearOutput, decoder.head.count < 100 {
        let progress = try decoder.decodeHead(input: piece())
        position += progress.consumedByteCount
        if progress.isFinished || progress.consumedByteCount == 0 { break }
      }
      while produced < Self.unpackedByteCountMax {
        let start = decoder.needsLinearOutput ? produced : 0
        let progress = try decoder.decode(
          input: piece(), output: UnsafeMutableRawBufferPointer(rebasing: window[start...]))
        position += progress.consumedByteCount
        produced += progress.producedByteCount
        if progress.consumedByteCount > packed.count || produced > window.count + start {
          fatalError("a count that leaves its buffer")
        }
        if progress.isFinished { break }
        if progress.consumedByteCount == 0, progress.producedByteCount == 0 { break }
      }
    } catch { if error.message.isEmpty { fatalError("an error without a message") } }
  }
}
