// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Whole files in memory: menus and other small texts. Kernels and initrds go by extents.
public enum FileContents {
  /// The contents of the file at `path`. Throws `FileError.tooLarge` before reading if there are
  /// more than `limit` bytes.
  public static func readAll<System: FileSystem, Device: BlockDevice>(
    _ path: ByteString, in system: System, on volume: Volume<Device>, limit: Int
  ) throws(FileError<System.Failure>) -> [UInt8] {
    let target = try PathWalk.resolve(path, in: system)
    guard target.attributes.kind == .file else { throw .notAFile(target.path) }
    return try readAll(target, in: system, on: volume, limit: limit)
  }

  /// The contents of a file that a path has led to.
  public static func readAll<System: FileSystem, Device: BlockDevice>(
    _ target: PathTarget<System.Node>, in system: System, on volume: Volume<Device>, limit: Int
  ) throws(FileError<System.Failure>) -> [UInt8] {
    var reader = ExtentReader(volume)
    return try readAll(target, in: system, on: volume, limit: limit, by: &reader)
  }

  /// The same with a reader that other files were read by: small ones may be packed together.
  public static func readAll<System: FileSystem, Device: BlockDevice>(
    _ target: PathTarget<System.Node>, in system: System, on volume: Volume<Device>, limit: Int,
    by reader: inout ExtentReader<Device>
  ) throws(FileError<System.Failure>) -> [UInt8] {
    let byteCount = target.attributes.byteCount
    guard limit >= 0, byteCount <= UInt64(limit) else {
      throw .tooLarge(target.path, byteCount: byteCount, limit: limit)
    }
    let extents: [Extent]
    do { extents = try system.extents(of: target.node) } catch { throw .reader(error) }
    var result: [UInt8] = []
    if extents.count > 1 {
      do { try volume.work.payMemory(byteCount: Int(byteCount)) } catch { throw .device(error) }
      result.reserveCapacity(Int(byteCount))  // At most the limit.
    }
    for extent in extents {
      // The reader promises that the extents add up to the size; the limit holds without it.
      guard extent.byteCount <= UInt64(limit - result.count) else {
        throw .tooLarge(target.path, byteCount: byteCount, limit: limit)
      }
      do {
        // A file in one piece is not copied.
        if extents.count == 1 { return try reader.read(extent) }
        result += try reader.read(extent)
      } catch { throw .device(error) }
    }
    return result
  }
}
