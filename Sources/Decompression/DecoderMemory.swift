// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How much heap a decoder needs.
public enum DecoderMemory {
  /// zlib's window of 32 KiB and its state (zconf.h says about 44 KB).
  public static let gzipByteCount: UInt64 = 48 * 1024

  /// The largest xz dictionary that is accepted: what `xz -9 --lzma2=dict=128MiB` makes, the most
  /// that kernels are packed with.
  public static let xzDictionaryByteCountMax: UInt64 = 128 << 20

  /// What liblzma needs beside the dictionary: its state, the filters and its index.
  public static let xzOverheadByteCount: UInt64 = 256 * 1024

  /// The limit for a loader with memory to spare.
  public static let byteCountMax = xzDictionaryByteCountMax + xzOverheadByteCount

  /// The number of bytes at the start of a stream that `byteCountNeeded` looks at: an xz stream
  /// header and the longest block header.
  public static let headByteCount = 12 + 1024

  /// libbz2's state (bzip2 manual: 100k), and 4 bytes for each byte of a block of up to 900 kB.
  private static let bzip2StateByteCount: UInt64 = 100_000
  private static let bzip2LevelByteCount: UInt64 = 4 * 100_000

  /// The heap in bytes without which no stream of `format` can be unpacked.
  public static func byteCountMin(_ format: PayloadFormat) -> UInt64 {
    switch format {
    case .uncompressed, .lzma, .xz, .lz4: 0
    case .gzip: gzipByteCount
    case .bzip2: bzip2StateByteCount + bzip2LevelByteCount
    // A packed block that came in two pieces, and an unpacked one.
    case .lzo: UInt64(2 * LZODecoder.blockByteCountMax)
    // The state, a packed block that came in two pieces, and the head.
    case .zstd:
      UInt64(
        ZstdDecoder.stateByteCount + 2 * ZstdDecoder.blockByteCountMax + Decoder.headByteCountMax)
    }
  }

  /// The heap in bytes that a decoder needs for the stream that starts with `head`; nil if the head
  /// does not tell.
  public static func byteCountNeeded(_ format: PayloadFormat, head: ByteView) -> UInt64? {
    switch format {
    case .uncompressed, .gzip, .lzo, .zstd: byteCountMin(format)
    case .bzip2:
      head.u8(at: 3).flatMap { level in
        guard level >= 0x31, level <= 0x39 else { return nil }
        return bzip2StateByteCount + UInt64(level - 0x30) * bzip2LevelByteCount
      }
    case .lzma: head.u32(at: 1).map { UInt64($0) + xzOverheadByteCount }
    case .xz: xzDictionaryByteCount(head).map { $0 + xzOverheadByteCount }
    // The first block, packed; others may be larger, and then say so.
    case .lz4:
      head.u32(at: 4).map { UInt64(Decoder.headByteCountMax) + UInt64($0) }
    }
  }

  /// The size of the dictionary that the first block of an xz stream asks for (The .xz File Format
  /// 1.1.0, sections 3.1 and 5.3.1).
  private static func xzDictionaryByteCount(_ head: ByteView) -> UInt64? {
    let streamHeaderByteCount = 12
    guard let sizeByte = head.u8(at: streamHeaderByteCount), sizeByte != 0,
      let block = head.slice(at: streamHeaderByteCount, count: (Int(sizeByte) + 1) * 4),
      let flags = block.u8(at: 1)
    else { return nil }
    var cursor = VariableLengthCursor(view: block, offset: 2)
    if flags & 0x40 != 0 { guard cursor.next() != nil else { return nil } }
    if flags & 0x80 != 0 { guard cursor.next() != nil else { return nil } }
    for _ in 0...Int(flags & 3) {
      guard let filter = cursor.next(), let propertyByteCount = cursor.next(),
        propertyByteCount <= UInt64(block.count)
      else { return nil }
      if filter == lzma2FilterID {
        guard propertyByteCount == 1, let byte = block.u8(at: cursor.offset) else { return nil }
        return lzma2DictionaryByteCount(byte)
      }
      cursor.offset += Int(propertyByteCount)
    }
    return nil
  }

  private static let lzma2FilterID: UInt64 = 0x21

  private static func lzma2DictionaryByteCount(_ property: UInt8) -> UInt64? {
    guard property <= 40 else { return nil }
    if property == 40 { return UInt64(UInt32.max) }
    return UInt64(2 | property & 1) << UInt64(property / 2 + 11)
  }
}

/// Reads the integers of variable length of the .xz format (section 1.2).
private struct VariableLengthCursor {
  let view: ByteView
  var offset: Int

  mutating func next() -> UInt64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard let byte = view.u8(at: offset) else { return nil }
      offset += 1
      value |= UInt64(byte & 0x7f) << UInt64(7 * index)
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
