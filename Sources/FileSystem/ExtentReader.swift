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
    case .zeros: return [UInt8](repeating: 0, count: count)
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
    do throws(BlockDecodingError) {
      return try BlockDecoder.decode(
        packed[first...], piece.format, byteCountMax: piece.decodedByteCount)
    } catch {
      throw .notUnpacked(error.family, "\(place(of: piece)): \(error.message)")
    }
  }

  private func place(of piece: EncodedExtent) -> ByteString {
    if case .run(let offset, _) = piece.stored.first { return "packed data at byte \(offset)" }
    return "packed data"
  }
}
