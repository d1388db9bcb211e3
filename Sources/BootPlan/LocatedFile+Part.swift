// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes
import FileSystem

extension LocatedFile {
  /// The `count` bytes from `byteOffset` on as a file of its own, cut out of the extents; nil
  /// unless they are all in the file.
  func slice(at byteOffset: UInt64, count: UInt64, name: ByteString) -> LocatedFile? {
    guard byteOffset <= byteCount, count <= byteCount - byteOffset else { return nil }
    let extents: [Extent]
    let volume: Volume<Device>
    switch source {
    case .stream(let stream):
      return LocatedFile(
        name: name, source: .stream(StreamPart(stream, from: byteOffset)), byteCount: count)
    case .extents(let all, let on): (extents, volume) = (all, on)
    }
    var before = byteOffset
    var rest = count
    var result: [Extent] = []
    for extent in extents where rest > 0 {
      var piece = extent
      if before > 0 {
        let (head, tail) = piece.split(at: before)
        before -= min(before, head.byteCount)
        guard let tail else { continue }
        piece = tail
      }
      let (head, _) = piece.split(at: rest)
      result.append(head)
      rest -= head.byteCount
    }
    guard rest == 0 else { return nil }
    return LocatedFile(name: name, volume: volume, extents: result, byteCount: count)
  }

  /// The bytes from `byteOffset` on, at most `countMax`, less where the file ends.
  func bytes(at byteOffset: UInt64, countMax: Int) throws(BootError) -> [UInt8] {
    do throws(BlockError) {
      return try contents(at: byteOffset, countMax: countMax)
    } catch { throw BootError(error).at(name) }
  }

  /// The same with the error of the device.
  public func contents(at byteOffset: UInt64, countMax: Int) throws(BlockError) -> [UInt8] {
    guard byteOffset < byteCount else { return [] }
    let count = min(UInt64(countMax), byteCount - byteOffset)
    if case .stream(let stream) = source {
      return try stream.bytes(at: byteOffset, count: Int(count))
    }
    guard let part = slice(at: byteOffset, count: count, name: name), let volume = part.volume
    else {
      return []
    }
    var reader = ExtentReader(volume)
    var result: [UInt8] = []
    // Each is at most countMax long.
    for extent in part.extents { result += try reader.read(extent) }
    return result
  }
}

extension FileContentsStream {
  /// The `count` bytes from `byteOffset` on.
  func bytes(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: BlockError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(BlockError) { try read(at: byteOffset, into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// The rest of a stream from some byte on.
private final class StreamPart: FileContentsStream {
  private let whole: any FileContentsStream
  private let start: UInt64

  init(_ whole: any FileContentsStream, from start: UInt64) {
    self.whole = whole
    self.start = start
  }

  func read(
    at byteOffset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(BlockError) {
    guard let place = Checked.sum(start, byteOffset) else {
      throw .outOfRange(
        byteOffset: byteOffset, byteCount: UInt64(buffer.count), deviceByteCount: start)
    }
    try whole.read(at: place, into: buffer)
  }
}
