// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// How the file system's files are packed: the algorithms by their numbers. Some have settings
/// after the superblock, each with its length of 16 bits in front, at a multiple of four bytes.
struct Packing {
  /// The numbers that there are (erofs_fs.h, Z_EROFS_COMPRESSION_).
  static let algorithmCount = 4
  private static let lzma = 1

  private let dictionaryByteCount: UInt32?
  private let algorithms: UInt16

  init<Device: BlockDevice>(
    _ superblock: Superblock, on volume: Volume<Device>
  ) throws(EROFSError) {
    algorithms = superblock.algorithms
    guard algorithms >> Self.algorithmCount == 0 else {
      throw .unsupportedFeature("algorithms \(hex: UInt64(algorithms))")
    }
    var dictionary: UInt32?
    var offset = Superblock.byteOffset + superblock.wholeByteCount
    for algorithm in 0..<Self.algorithmCount where algorithms >> algorithm & 1 != 0 {
      offset = (offset + 3) / 4 * 4
      guard let length = try Self.view(offset, 2, on: volume).u16(at: 0) else {
        throw .badSettings(algorithm: algorithm)
      }
      let settings = try Self.view(offset + 2, Int(length), on: volume)
      offset += 2 + UInt64(length)
      guard algorithm == Self.lzma else { continue }
      guard let size = settings.u32(at: 0), let format = settings.u16(at: 4), size >= 4096,
        size <= EROFSLimits.dictionaryByteCount
      else { throw .badSettings(algorithm: algorithm) }
      guard format == 0 else { throw .unsupportedFeature("LZMA of format \(format)") }
      dictionary = size
    }
    dictionaryByteCount = dictionary
  }

  /// The format with the number `algorithm`; nil if there is none or its settings are missing.
  func format(_ algorithm: UInt8) -> BlockFormat? {
    switch algorithm {
    case 0: .lz4
    case 1: dictionaryByteCount.map { .microLZMA(dictionaryByteCount: $0) }
    case 2 where algorithms & 4 != 0: .deflate
    case 3 where algorithms & 8 != 0: .zstd
    default: nil
    }
  }

  private static func view<Device: BlockDevice>(
    _ offset: UInt64, _ count: Int, on volume: Volume<Device>
  ) throws(EROFSError) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch { throw .device(error) }
  }
}
