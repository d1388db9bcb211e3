// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BlockIO
import BootPlan
import Bytes
import FileSystem
import Foundation

/// `stat`: what a path leads to.
struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what is known of a file of a guest's disk; links are followed.")

  @OptionGroup var target: ImagePath

  func run() throws {
    let found = try target.read { system throws(BootError) in
      try system.attributes(target.absolute)
    }
    for line in Self.lines(found) { print(line) }
  }

  /// The lines that are printed.
  static func lines(_ found: FoundFile) -> [String] {
    let kind =
      switch found.attributes.kind {
      case .file: "file"
      case .directory: "directory"
      case .symbolicLink: "symbolic link"
      case .special: "device, pipe or socket"
      }
    let mode = String(found.attributes.mode, radix: 8)
    let time = Date(timeIntervalSince1970: TimeInterval(found.attributes.modificationTime))
    return [
      "path     \(found.path.text)",
      "kind     \(kind)",
      "size     \(found.attributes.byteCount) bytes",
      "mode     \(String(repeating: "0", count: max(0, 4 - mode.count)))\(mode)",
      "modified \(time.formatted(.iso8601))",
    ]
  }
}

/// `blocks`: where the contents of a file are.
struct Blocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints where on its volume a file of a guest's disk is, piece by piece, in bytes.")

  @OptionGroup var target: ImagePath

  func run() throws {
    let file = try target.read { system throws(BootError) in try system.locate(target.absolute) }
    for line in Self.lines(file.extents) { print(line) }
  }

  /// The lines that are printed.
  static func lines(_ extents: [Extent]) -> [String] {
    var position: UInt64 = 0
    return extents.map { extent in
      defer { position += extent.byteCount }
      let start = "\(position) +\(extent.byteCount)"
      switch extent {
      case .run(let byteOffset, _): return "\(start) at \(byteOffset)"
      case .zeros: return "\(start) zeros"
      case .inline: return "\(start) in metadata"
      case .encoded(let piece): return "\(start) \(Self.description(of: piece))"
      }
    }
  }
}

extension Blocks {
  /// Where a packed piece is, and how many of its bytes come before.
  private static func description(of piece: EncodedExtent) -> String {
    var places: [String] = []
    for extent in piece.stored {
      if case .run(let byteOffset, let count) = extent { places.append("\(byteOffset) +\(count)") }
    }
    let place = places.isEmpty ? "in metadata" : "at \(places.joined(separator: ", "))"
    return "packed (\(piece.format)) \(place), from byte \(piece.skippedByteCount)"
  }
}

/// `fsinfo`: what is known of a file system.
struct FileSystemInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fsinfo", abstract: "Prints what is known of a file system of a guest's disk.")

  @OptionGroup var volume: ImageVolume

  func run() throws {
    let lines = try volume.read { system throws(BootError) in Self.lines(system) }
    for line in lines { print(line) }
  }

  /// The lines that are printed.
  static func lines<Device: BlockDevice>(_ system: MountedFileSystem<Device>) -> [String] {
    var lines = [
      "format   \(system.formatName.text)",
      "volume   \(system.volume.name.text), \(system.volume.byteCount) bytes "
        + place(of: system.volume),
      "label    \(system.label.text)",
      "uuid     \(system.uuid.text)",
    ]
    for fact in system.facts { lines.append("facts    \(fact.text)") }
    if system.needsRecovery { lines.append("state    not unmounted") }
    for detail in system.details { lines.append("details  \(detail.text)") }
    if let remark = system.remark { lines.append("remark   \(remark.text)") }
    return lines
  }

  private static func place<Device: BlockDevice>(of volume: Volume<Device>) -> String {
    if let offset = volume.byteOffsetOnDevice { return "at \(offset)" }
    let names = volume.devices.map { $0.name.text }.joined(separator: ", ")
    return "in \(volume.segments.count) segments on \(names)"
  }
}
