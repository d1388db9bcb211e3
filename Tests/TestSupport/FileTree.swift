// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// All that a reader finds in a file system, to be compared with what others find.
public struct FileTree {
  /// What is at one path.
  public struct File: Equatable {
    /// `file`, `directory`, `link` or `special`.
    public var kind: String
    /// The permission bits.
    public var mode: UInt16?
    /// Seconds since 1970.
    public var modificationTime: Int64?
    /// What is in a file.
    public var contents: [UInt8]?
    /// Where a link leads.
    public var target: [UInt8]?

    /// A file of some kind about which nothing else is known.
    public init(_ kind: String) { self.kind = kind }
  }

  /// By path without a slash in front; the root is empty.
  public var files: [[UInt8]: File] = [:]

  /// Nothing.
  public init() {}

  /// All that `system` finds, file contents of at most `limit` bytes each.
  public init<System: FileSystem, Device: BlockDevice>(
    _ system: System, on volume: Volume<Device>, limit: Int = 4 << 20
  ) throws {
    var pending: [(path: [UInt8], node: System.Node)] = [([], try system.root())]
    while let (path, node) = pending.popLast() {
      let attributes = try system.attributes(of: node)
      var file = File("special")
      file.mode = attributes.mode
      file.modificationTime = attributes.modificationTime
      switch attributes.kind {
      case .directory:
        file.kind = "directory"
        for entry in try system.entries(of: node) {
          let below = path + (path.isEmpty ? [] : [ASCII.slash]) + entry.name.bytes
          pending.append((below, entry.node))
        }
      case .symbolicLink:
        file.kind = "link"
        file.target = try system.linkTarget(of: node).bytes
      case .file:
        file.kind = "file"
        file.contents = try FileContents.readAll(
          ByteString([ASCII.slash] + path), in: system, on: volume, limit: limit)
      case .special: break
      }
      files[path] = file
    }
  }

  /// What differs from `others`, a line each; empty if nothing does.
  public func differences(from others: FileTree) -> [String] {
    var result: [String] = []
    for path in Set(files.keys).union(others.files.keys) {
      let name = ByteString(path).text
      guard let one = files[path], let other = others.files[path] else {
        result.append("\(name): only \(files[path] == nil ? "there" : "here")")
        continue
      }
      if one == other { continue }
      var (here, there) = (one, other)
      let sizes = "\(here.contents?.count ?? -1), \(there.contents?.count ?? -1) bytes"
      if here.contents != there.contents { result.append("\(name): other contents: \(sizes)") }
      (here.contents, there.contents) = (nil, nil)
      if here != there { result.append("\(name): \(here) there \(there)") }
    }
    return result
  }
}

/// Reads all of a file system that may be damaged, as a boot loader would and more.
public enum TreeSurvey {
  /// What must not be, a line each: sizes that do not add up, bytes beyond the volume. Errors are
  /// as they should be.
  public static func defects<System: FileSystem, Device: BlockDevice>(
    of system: System, on volume: Volume<Device>, nodeCountMax: Int = 400,
    unpackedCountMax: Int = 8
  ) -> [String] {
    var result: [String] = []
    var unpackedCount = 0
    do throws(System.Failure) {
      _ = (system.formatName, system.label, system.uuid)
      var pending = [(depth: 0, node: try system.root())]
      var count = 0
      while let (depth, node) = pending.popLast(), count < nodeCountMax {
        count += 1
        do throws(System.Failure) {
          let attributes = try system.attributes(of: node)
          switch attributes.kind {
          case .directory:
            let entries = try system.entries(of: node)
            if depth < 8 { pending += entries.map { (depth + 1, $0.node) } }
            for name: ByteString in ["..", ".", "grub.cfg", "zzz"] {
              _ = try system.lookUp(name, in: node)
            }
          case .symbolicLink: _ = try system.linkTarget(of: node)
          case .file:
            let extents = try system.extents(of: node)
            let sum = extents.reduce(0) { $0 + $1.byteCount }
            if sum != attributes.byteCount {
              result.append("\(attributes.byteCount) bytes, but extents of \(sum)")
            }
            result += extents.flatMap { beyond($0, volume.byteCount) }
            var reader = ExtentReader(volume)
            for extent in extents where unpackedCount < unpackedCountMax {
              guard case .encoded = extent else { continue }
              unpackedCount += 1
              if let bytes = try? reader.read(extent), UInt64(bytes.count) != extent.byteCount {
                result.append("\(bytes.count) bytes of \(extent.byteCount) came out")
              }
            }
          case .special: break
          }
        } catch { if error.message.isEmpty { result.append("an error without a message") } }
      }
    } catch { if error.message.isEmpty { result.append("an error without a message") } }
    return result
  }

  /// The same of what one path leads to.
  public static func defects<System: FileSystem, Device: BlockDevice>(
    at path: ByteString, in system: System, on volume: Volume<Device>
  ) -> [String] {
    do throws(FileError<System.Failure>) {
      let target = try PathWalk.resolve(path, in: system)
      guard target.attributes.kind == .file else { return [] }
      let extents: [Extent]
      do { extents = try system.extents(of: target.node) } catch { throw .reader(error) }
      let sum = extents.reduce(0) { $0 + $1.byteCount }
      let lines = extents.flatMap { beyond($0, volume.byteCount) }
      return sum == target.attributes.byteCount ? lines : lines + ["\(path): \(sum) bytes"]
    } catch { return error.message.isEmpty ? ["\(path): an error without a message"] : [] }
  }

  private static func beyond(_ extent: Extent, _ byteCount: UInt64) -> [String] {
    switch extent {
    case .run(let offset, let count) where offset > byteCount || count > byteCount - offset:
      ["run of \(count) bytes at \(offset) leaves the volume"]
    case .encoded(let piece): piece.stored.flatMap { beyond($0, byteCount) }
    default: []
    }
  }
}

extension SplitMix {
  /// Puts zero, the largest value, a neighbour or anything into one to four fields of `ranges`,
  /// each of one, two or four bytes at a multiple of its size.
  public mutating func damageFields(_ bytes: inout [UInt8], in ranges: [Range<Int>]) {
    for _ in 0...below(3) {
      let range = ranges[below(ranges.count)]
      let width = [1, 2, 4][below(3)]
      let start = (range.lowerBound + below(range.count)) / width * width
      for index in start..<min(start + width, bytes.count) { damage(&bytes[index]) }
    }
  }
}
