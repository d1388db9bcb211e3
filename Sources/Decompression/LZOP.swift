// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CDecoders

/// Numbers of lzop's file format, high byte first.
enum LZOP {
  /// The four bytes at `offset`, which the caller knows to be there.
  static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    precondition(offset + 4 <= bytes.count, "a word outside of its piece")
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian
  }

  /// Adler-32 or CRC-32 of `bytes`, going on from `start`; the first start is 1 or 0.
  static func checksum(_ bytes: UnsafeRawBufferPointer, isCRC: Bool, from start: UInt) -> UInt {
    let pointer = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    // A block, or a part of the header: far below 32 bits.
    let count = UInt32(bytes.count)
    return isCRC ? crc32(start, pointer, count) : adler32(start, pointer, count)
  }
}

/// The flags in lzop's header.
struct LZOPFlags: OptionSet {
  let rawValue: UInt32

  /// Adler-32 of each block, unpacked.
  static let adlerOfUnpacked = LZOPFlags(rawValue: 0x1)
  /// Adler-32 of each block, packed.
  static let adlerOfPacked = LZOPFlags(rawValue: 0x2)
  /// More header follows.
  static let extraField = LZOPFlags(rawValue: 0x40)
  /// CRC-32 of each block, unpacked.
  static let crcOfUnpacked = LZOPFlags(rawValue: 0x100)
  /// CRC-32 of each block, packed.
  static let crcOfPacked = LZOPFlags(rawValue: 0x200)
  /// One of several parts.
  static let multipart = LZOPFlags(rawValue: 0x400)
  /// The bytes went through a filter.
  static let filter = LZOPFlags(rawValue: 0x800)
  /// The header's checksum is a CRC-32.
  static let crcOfHeader = LZOPFlags(rawValue: 0x1000)

  /// What no kernel is packed with.
  static let unsupported: LZOPFlags = [.extraField, .multipart, .filter]
}

/// lzop's header, which comes in pieces: each tells how long the next one is.
struct LZOPHeader {
  private enum Part {
    case magic, versions, method, times, name, checksum
  }

  private static let magic: [UInt8] = [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]
  /// From this version on the header has the longer form.
  private static let longVersion: UInt16 = 0x0940
  private static let versionMin: UInt16 = 0x0900

  private var part = Part.magic
  /// The size in bytes of the next piece.
  private(set) var missingByteCount = 9
  private(set) var isComplete = false
  private(set) var flags = LZOPFlags(rawValue: 0)
  private var isLong = false
  private var adler: UInt = 1
  private var crc: UInt = 0

  /// Takes the next piece, which has `missingByteCount` bytes.
  mutating func take(
    _ bytes: UnsafeRawBufferPointer, position: UInt64
  ) throws(DecompressionError) {
    if part != .magic, part != .checksum {
      adler = LZOP.checksum(bytes, isCRC: false, from: adler)
      crc = LZOP.checksum(bytes, isCRC: true, from: crc)
    }
    switch part {
    case .magic:
      guard bytes.elementsEqual(Self.magic) else { throw .wrongMagic(.lzo) }
      next(.versions, 4)
    case .versions:
      let version = UInt16(truncatingIfNeeded: LZOP.word(bytes, 0) >> 16)
      guard version >= Self.versionMin else {
        throw .unsupportedOption(.lzo, position: position)
      }
      isLong = version >= Self.longVersion
      next(.method, isLong ? 8 : 5)
    case .method:
      // With the version needed in front and the level after, in the longer form.
      let method = bytes[isLong ? 2 : 0]
      flags = LZOPFlags(rawValue: LZOP.word(bytes, isLong ? 4 : 1))
      guard method >= 1, method <= 3, flags.isDisjoint(with: .unsupported) else {
        throw .unsupportedOption(.lzo, position: position)
      }
      next(.times, isLong ? 13 : 9)
    case .times:
      let nameByteCount = Int(bytes[bytes.count - 1])
      if nameByteCount > 0 { next(.name, nameByteCount) } else { next(.checksum, 4) }
    case .name: next(.checksum, 4)
    case .checksum:
      let expected = flags.contains(.crcOfHeader) ? crc : adler
      guard UInt(LZOP.word(bytes, 0)) == expected else {
        throw .corrupt(.lzo, position: position)
      }
      isComplete = true
    }
  }

  private mutating func next(_ part: Part, _ byteCount: Int) {
    self.part = part
    missingByteCount = byteCount
  }
}

/// One block's header.
struct LZOPBlock {
  /// The size in bytes, unpacked.
  let byteCount: Int
  /// The size in bytes, packed; the same if the block is stored as it is.
  let packedByteCount: Int
  /// The size of the checksums that follow.
  let checksumByteCount: Int
  private var checksums: [UInt32] = []

  /// A block of these sizes.
  init(
    byteCount: UInt32, packedByteCount: UInt32, _ flags: LZOPFlags, position: UInt64
  ) throws(DecompressionError) {
    guard byteCount <= LZODecoder.blockByteCountMax else {
      throw .unsupportedOption(.lzo, position: position)
    }
    guard packedByteCount > 0, packedByteCount <= byteCount else {
      throw .corrupt(.lzo, position: position)
    }
    self.byteCount = Int(byteCount)
    self.packedByteCount = Int(packedByteCount)
    var count = 0
    if flags.contains(.adlerOfUnpacked) { count += 4 }
    if flags.contains(.crcOfUnpacked) { count += 4 }
    // A stored block is packed and unpacked at once.
    if packedByteCount < byteCount {
      if flags.contains(.adlerOfPacked) { count += 4 }
      if flags.contains(.crcOfPacked) { count += 4 }
    }
    checksumByteCount = count
  }

  /// Takes the checksums.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    for offset in stride(from: 0, to: bytes.count, by: 4) {
      checksums.append(LZOP.word(bytes, offset))
    }
  }

  /// Unpacks `piece` to all of `target`. False if it is damaged.
  func unpack(
    _ piece: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, _ flags: LZOPFlags
  ) -> Bool {
    var next = 0
    let unpacked = UnsafeRawBufferPointer(target)
    if packedByteCount == byteCount {
      // SAFETY: both have byteCount bytes.
      target.copyMemory(from: piece)
    } else {
      var count = lzo_uint(target.count)
      // SAFETY: liblzo2 reads piece.count bytes and writes at most count.
      let status = lzo1x_decompress_safe(
        piece.assumingMemoryBound(to: UInt8.self).baseAddress, lzo_uint(piece.count),
        target.assumingMemoryBound(to: UInt8.self).baseAddress, &count, nil)
      guard status == LZO_E_OK, count == lzo_uint(target.count) else { return false }
    }
    // The order is that of the file.
    for (flag, isCRC) in [(LZOPFlags.adlerOfUnpacked, false), (.crcOfUnpacked, true)]
    where flags.contains(flag) {
      guard matches(unpacked, isCRC: isCRC, &next) else { return false }
    }
    guard packedByteCount < byteCount else { return true }
    for (flag, isCRC) in [(LZOPFlags.adlerOfPacked, false), (.crcOfPacked, true)]
    where flags.contains(flag) {
      guard matches(piece, isCRC: isCRC, &next) else { return false }
    }
    return true
  }

  private func matches(
    _ bytes: UnsafeRawBufferPointer, isCRC: Bool, _ next: inout Int
  ) -> Bool {
    guard next < checksums.count else { return false }
    next += 1
    return LZOP.checksum(bytes, isCRC: isCRC, from: isCRC ? 0 : 1) == UInt(checksums[next - 1])
  }
}
