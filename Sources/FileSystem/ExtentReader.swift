// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes
import Decompression

/// Reads pieces of files, packed ones too. What was unpacked last is kept, because the parts of a
/// piece are asked for one after the other.
public struct ExtentReader<Device: BlockDevice> {
  private let volume: Volume<Device>
  private var lastPiece: EncodedExtent?
  private var lastBytes: [UInt8] = []

  /// Reads pieces of files on `volume`.
  public init(_ volume: Volume<Device>) { self.volume = volume }

  /// All bytes of a piece, whose size the caller has bounded.
  public mutating func read(_ extent: Extent) throws(BlockError) -> [UInt8] {
    let count = Int(clamping: extent.byteCount)
    switch extent {
    case .run(let offset, _): return try volume.read(at: offset, count: count)
    case .zeros:
      try volume.work.pay(.copiedBytes, count)
      try volume.work.payMemory(byteCount: count)
      return [UInt8](repeating: 0, count: count)
    case .inline(let bytes): return bytes
    case .encoded(let piece): return try unpack(piece)
    }
  }

  /// All that a piece unpacks to, however much that is, and whichever part of it is wanted.
  public func readAll(_ piece: EncodedExtent) throws(BlockError) -> [UInt8] {
    try unpackAll(piece)
  }

  private mutating func unpack(_ piece: EncodedExtent) throws(BlockError) -> [UInt8] {
    if lastPiece?.isPacked(with: piece) != true {
      lastPiece = nil
      lastBytes = []
      lastBytes = try unpackAll(piece)
      lastPiece = piece
    }
    let end = piece.skippedByteCount + Int(clamping: piece.byteCount)
    guard end <= lastBytes.count else {
      throw .notUnpacked(
        .corrupt,
        "\(place(of: piece)) unpacks to \(lastBytes.count) bytes, and \(end) are needed")
    }
    if piece.skippedByteCount == 0, end == lastBytes.count { return lastBytes }
    try volume.work.pay(.copiedBytes, end - piece.skippedByteCount)
    try volume.work.payMemory(byteCount: end - piece.skippedByteCount)
    return Array(lastBytes[piece.skippedByteCount..<end])
  }

  private func unpackAll(_ piece: EncodedExtent) throws(BlockError) -> [UInt8] {
    var packed: [UInt8] = []
    for extent in piece.stored {
      switch extent {  // All together are at most `storedByteCountMax`.
      case .run(let offset, let count):
        packed += try volume.read(at: offset, count: Int(clamping: count))
      case .zeros(let count): packed += [UInt8](repeating: 0, count: Int(clamping: count))
      case .inline(let bytes): packed += bytes
      case .encoded: preconditionFailure("packed twice")  // Ruled out by EncodedExtent.init.
      }
    }
    var first = 0
    if piece.isPaddedInFront { while first < packed.count, packed[first] == 0 { first += 1 } }
    // There is room for all that may come. What comes is paid for once it is known: for the front
    // of a longer piece the limit says nothing.
    try volume.work.payMemory(byteCount: piece.decodedByteCount)
    let bytes: [UInt8]
    do throws(BlockDecodingError) {
      bytes = try BlockDecoder.decode(
        packed[first...], piece.format, byteCountMax: piece.decodedByteCount)
    } catch {
      try pay(unpacked: piece.decodedByteCount, piece.format)
      throw .notUnpacked(error.family, "\(place(of: piece)): \(error.message)")
    }
    try pay(unpacked: bytes.count, piece.format)
    return bytes
  }

  /// Pays for bytes that were unpacked. LZMA takes a multiple of what the others take.
  private func pay(unpacked byteCount: Int, _ format: BlockFormat) throws(BlockError) {
    switch format {
    case .xz, .lzma, .microLZMA:
      try volume.work.pay(.unpackedBytes, byteCount * ExtentReaderLimits.costOfLZMA)
    default: try volume.work.pay(.unpackedBytes, byteCount)
    }
  }

  private func place(of piece: EncodedExtent) -> ByteString {
    if case .run(let offset, _) = piece.stored.first { return "packed data at byte \(offset)" }
    return "packed data"
  }
}

/// What unpacking costs.
enum ExtentReaderLimits {
  /// How many bytes of another format take as long as one byte of LZMA.
  static let costOfLZMA = 8
}
