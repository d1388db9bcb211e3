// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// A walk over a file system that may lie, as a search for a menu does it and a bit more. Ends the
/// program where the reader has broken a promise.
enum TreeWalk {
  /// How many files and directories are looked at.
  static let nodeCountMax = 24
  /// How many entries of a directory are followed.
  static let entryCountMax = 6
  /// How many packed pieces are unpacked.
  static let unpackedCountMax = 4

  static func run<System: FileSystem, Device: BlockDevice>(
    _ system: System, on volume: Volume<Device>
  ) {
    _ = (system.formatName, system.label, system.uuid)
    read("/boot/grub/grub.cfg", system, volume)
    read("/link", system, volume)
    do throws(System.Failure) {
      var pending = [try system.root()]
      var count = 0
      var unpackedCount = 0
      while let node = pending.popLast(), count < nodeCountMax {
        count += 1
        do throws(System.Failure) {
          try visit(node, system, volume, &pending, &unpackedCount)
        } catch {
          if error.message.isEmpty { fatalError("an error without a message") }
        }
      }
    } catch { if error.message.isEmpty { fatalError("an error without a message") } }
  }

  private static func visit<System: FileSystem, Device: BlockDevice>(
    _ node: System.Node, _ system: System, _ volume: Volume<Device>,
    _ pending: inout [System.Node], _ unpackedCount: inout Int
  ) throws(System.Failure) {
    let attributes = try system.attributes(of: node)
    switch attributes.kind {
    case .directory:
      for name: ByteString in ["..", "grub.cfg"] { _ = try system.lookUp(name, in: node) }
      let entries = try system.entries(of: node)
      if let last = entries.last { _ = try system.lookUp(last.name, in: node) }
      pending += entries.prefix(entryCountMax).map { $0.node }
    case .symbolicLink: _ = try system.linkTarget(of: node)
    case .file:
      let extents = try system.extents(of: node)
      check(extents, attributes.byteCount, volume.byteCount)
      var reader = ExtentReader(volume)
      for extent in extents where unpackedCount < unpackedCountMax {
        guard case .encoded = extent else { continue }
        unpackedCount += 1
        if let bytes = try? reader.read(extent), UInt64(bytes.count) != extent.byteCount {
          fatalError("\(bytes.count) bytes of \(extent.byteCount) came out")
        }
      }
    case .special: break
    }
  }

  private static func read<System: FileSystem, Device: BlockDevice>(
    _ path: ByteString, _ system: System, _ volume: Volume<Device>
  ) {
    do throws(FileError<System.Failure>) {
      _ = try FileContents.readAll(path, in: system, on: volume, limit: 64 << 10)
    } catch { if error.message.isEmpty { fatalError("an error without a message") } }
  }

  private static func check(_ extents: [Extent], _ byteCount: UInt64, _ end: UInt64) {
    var sum: UInt64 = 0
    for extent in extents {
      let (next, isOver) = sum.addingReportingOverflow(extent.byteCount)
      if isOver { fatalError("extents of more than 64 bits") }
      sum = next
      var parts = [extent]
      if case .encoded(let piece) = extent { parts = piece.stored }
      for case .run(let offset, let count) in parts where offset > end || count > end - offset {
        fatalError("run of \(count) bytes at \(offset) leaves the volume")
      }
    }
    if sum != byteCount { fatalError("\(byteCount) bytes, but extents of \(sum)") }
  }
}
