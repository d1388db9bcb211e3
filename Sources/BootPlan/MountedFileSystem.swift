// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Btrfs
public import Bytes
import EROFS
import Ext4
import FAT
public import FileSystem
import ISO9660
import XFS
import SquashFS

/// A file whose place on its device is known: what the image reads straight into guest memory.
public final class LocatedFile<Device: BlockDevice> {
  /// The path for people, with volume and file system in front: `xvda1: ext4: /boot/vmlinuz`.
  public let name: ByteString
  /// The volume.
  public let volume: Volume<Device>
  /// Where the contents are on the volume.
  public let extents: [Extent]
  /// The size in bytes.
  public let byteCount: UInt64

  /// A file at a place.
  init(name: ByteString, volume: Volume<Device>, extents: [Extent], byteCount: UInt64) {
    self.name = name
    self.volume = volume
    self.extents = extents
    self.byteCount = byteCount
  }
}

/// What a path leads to.
public enum PathKind: Equatable, Sendable {
  /// A file of so many bytes.
  case file(byteCount: UInt64)
  /// A directory.
  case directory
  /// Anything else.
  case other
}

/// What a path leads to, in detail.
public final class FoundFile {
  /// The path without symbolic links, `.`, `..` and doubled slashes.
  public let path: ByteString
  /// What is there.
  public let attributes: NodeAttributes

  /// What was found at `path`.
  public init(path: ByteString, attributes: NodeAttributes) {
    self.path = path
    self.attributes = attributes
  }
}

/// A volume with a file system that one of the readers knows.
public final class MountedFileSystem<Device: BlockDevice> {
  /// The volume.
  public let volume: Volume<Device>
  private let reader: MountedReader<Device>

  /// The reader that knows what is on `volume`; nil if none does. Throws if a reader knows the
  /// format but can't read this one.
  ///
  /// What is at the start of a volume is written by whoever used it last, so those that begin there
  /// come first, SquashFS with the very first byte, EROFS in the place of ext4's superblock: an
  /// optical disk's image brings 32 KiB of its own in front of its descriptors, but whoever makes
  /// an ext4 or a FAT may leave old descriptors behind.
  public static func probe(_ volume: Volume<Device>) throws(BootError) -> MountedFileSystem? {
    do throws(SquashFSError) {
      if let squashFS = try SquashFSFileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .squashFS(squashFS))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): squashfs")
    }
    do throws(EROFSError) {
      if let erofs = try EROFSFileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .erofs(erofs))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): erofs")
    }
    do throws(Ext4Error) {
      if let ext4 = try Ext4FileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .ext4(ext4))
      }
    } catch {
      // A volume that can't be read says nothing about what is on it.
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): ext4")
    }
    do throws(XFSError) {
      if let xfs = try XFSFileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .xfs(xfs))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): xfs")
    }
    do throws(FATError) {
      if let fat = try FATFileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .fat(fat))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): fat")
    }
    do throws(BtrfsError) {
      if let btrfs = try BtrfsFileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .btrfs(btrfs))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): btrfs")
    }
    do throws(ISO9660Error) {
      if let iso = try ISO9660FileSystem<Device>.probe(volume) {
        return MountedFileSystem(volume: volume, reader: .iso9660(iso))
      }
    } catch {
      if case .device(let error) = error { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): iso9660")
    }
    return nil
  }

  /// The btrfs on several devices, of which `volume` consists.
  convenience init(btrfsOn volume: Volume<Device>, partByteCounts: [UInt64]) throws(BootError) {
    do throws(BtrfsError) {
      guard
        let system = try BtrfsFileSystem<Device>.probe(volume, partByteCounts: partByteCounts)
      else { throw .notBtrfs }
      self.init(volume: volume, reader: .btrfs(system))
    } catch {
      throw BootError(error).at("\(volume.name): btrfs")
    }
  }

  private init(volume: Volume<Device>, reader: MountedReader<Device>) {
    self.volume = volume
    self.reader = reader
  }

  /// The format's name.
  public var formatName: ByteString { reader.formatName }

  /// The volume's label; empty if none.
  public var label: ByteString { reader.label }

  /// The volume's identifier; empty if none.
  public var uuid: ByteString { reader.uuid }

  /// What an administrator should know of it; nil if nothing.
  public var remark: ByteString? {
    switch reader {
    case .ext4(let system):
      switch system.journal {
      case .clean: nil
      case .replayed(let summary): "\(place): was not unmounted; \(summary.message)"
      case .notReplayed(let error):
        "\(place): was not unmounted and its journal is not replayed, so the newest changes are "
          + "missing: \(error.message)"
      }
    case .btrfs(let system): system.remark.map { "\(place): \($0)" }
    case .fat, .squashFS, .erofs: nil
    case .iso9660(let system): system.hasUDF ? "\(place): its UDF file system is passed over" : nil
    case .xfs(let system): system.remark.map { "\(place): \($0)" }
    }
  }

  /// Whether it was not unmounted and has changes that are in its journal only. Nothing may be
  /// written to it in place then: the kernel's own replay would undo it, or mix both.
  public var needsRecovery: Bool {
    switch reader {
    case .ext4(let system): system.needsRecovery
    case .xfs(let system): system.needsRecovery
    case .btrfs, .fat, .iso9660, .squashFS, .erofs: false
    }
  }

  /// Lines about what else is on the volume that one could boot from.
  public var details: [ByteString] {
    guard case .iso9660(let system) = reader else { return [] }
    do throws(ISO9660Error) { return try system.bootImages().map { $0.text } } catch {
      return [error.message]
    }
  }

  /// Lines about the file system itself: sizes and features.
  public var facts: [ByteString] {
    switch reader {
    case .btrfs(let system): system.facts
    case .ext4(let system): system.facts
    case .xfs(let system): system.facts
    case .fat, .iso9660, .squashFS, .erofs: []
    }
  }

  /// The size that an optical disk says it has, and where its descriptors are; nil for others.
  var opticalExtent: (byteCount: UInt64, descriptorByteOffset: UInt64)? {
    guard case .iso9660(let system) = reader else { return nil }
    return (system.byteCount, ISO9660FileSystem<Device>.descriptorByteOffset)
  }

  /// Why a file's blocks may not be written in place; nil if they may: the disk allows it, and the
  /// file system keeps no checksum or second copy of data, nor a journal that would undo it.
  var writeObstacle: ByteString? {
    if volume.isAssembled { return "arrays, logical volumes and loopback files are never written" }
    guard volume.isWritable else { return "the disk may not be written" }
    if needsRecovery { return "the file system was not unmounted" }
    if volume.isRaidMember { return "the volume is a part of a RAID" }
    switch reader {
    case .ext4(let system): return system.writeObstacle
    case .btrfs, .fat, .iso9660, .xfs, .squashFS, .erofs:
      return "\(formatName) is never written"
    }
  }

  /// Where it is and what it is, for messages.
  public var place: ByteString { "\(volume.name): \(formatName)" }

  /// What `path` leads to.
  public func kind(_ path: ByteString) throws(BootError) -> PathKind {
    let found = try attributes(path).attributes
    switch found.kind {
    case .file: return .file(byteCount: found.byteCount)
    case .directory: return .directory
    case .symbolicLink, .special: return .other
    }
  }

  /// Seconds since 1970 of the last change of what is at `path`.
  public func modificationTime(_ path: ByteString) throws(BootError) -> Int64 {
    try attributes(path).attributes.modificationTime
  }

  /// What `path` leads to, with size, mode and time.
  public func attributes(_ path: ByteString) throws(BootError) -> FoundFile {
    let target = try resolve(path)
    return FoundFile(path: target.path, attributes: target.attributes)
  }

  /// The contents of a small file.
  public func contents(_ path: ByteString, limit: Int) throws(BootError) -> [UInt8] {
    do throws(FileError<BootError>) {
      return try FileContents.readAll(path, in: reader, on: volume, limit: limit)
    } catch { throw failure(error, path) }
  }

  /// `path` without symbolic links, `.`, `..` and doubled slashes: the same for two names of one
  /// file.
  func canonicalPath(_ path: ByteString) throws(BootError) -> ByteString {
    try attributes(path).path
  }

  /// The names in a directory.
  public func names(_ path: ByteString) throws(BootError) -> [ByteString] {
    var result: [ByteString] = []
    for entry in try entries(path).entries { result.append(entry.name) }
    return result
  }

  /// Goes through the files of a directory whose names are wanted, in the order in which they are
  /// stored, until `visit` says that it has enough. The contents of a file that can't be read, or
  /// that has more than `limit` bytes, are nil. The directory is read once, whatever it holds.
  public func visitFiles(
    in path: ByteString, limit: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) throws(BootError) {
    let (directory, entries) = try entries(path)
    for entry in entries where wants(entry.name) {
      let name: ByteString = "\(directory == "/" ? "" : directory)/\(entry.name)"
      if !visit(entry.name, fileContents(entry.node, name, limit: limit)) { return }
    }
  }

  /// Where the contents of the file at `path` are.
  public func locate(_ path: ByteString) throws(BootError) -> LocatedFile<Device> {
    let target = try resolve(path)
    guard target.attributes.kind == .file else {
      throw BootError(.wrongRequest, "\(place): \(path): not a file")
    }
    do throws(BootError) {
      return LocatedFile(
        name: "\(place): \(path)", volume: volume, extents: try reader.extents(of: target.node),
        byteCount: target.attributes.byteCount)
    } catch { throw error.at("\(place): \(path)") }
  }

  /// The path of a directory without symbolic links, and its entries.
  private func entries(
    _ path: ByteString
  ) throws(BootError) -> (path: ByteString, entries: [DirectoryEntry<MountedReader<Device>.Node>]) {
    let target = try resolve(path)
    guard target.attributes.kind == .directory else {
      throw BootError(.wrongRequest, "\(place): \(path): not a directory")
    }
    do throws(BootError) {
      return (target.path, try reader.entries(of: target.node))
    } catch { throw error.at("\(place): \(path)") }
  }

  /// The contents of what an entry of a directory leads to; nil if it is no file, or not readable.
  private func fileContents(
    _ node: MountedReader<Device>.Node, _ path: ByteString, limit: Int
  ) -> ByteString? {
    do throws(FileError<BootError>) {
      let attributes: NodeAttributes
      do { attributes = try reader.attributes(of: node) } catch { throw .reader(error) }
      if attributes.kind == .symbolicLink {
        return ByteString(try FileContents.readAll(path, in: reader, on: volume, limit: limit))
      }
      guard attributes.kind == .file else { return nil }
      let target = PathTarget(node: node, attributes: attributes, path: path)
      return ByteString(try FileContents.readAll(target, in: reader, on: volume, limit: limit))
    } catch { return nil }
  }

  private func resolve(
    _ path: ByteString
  ) throws(BootError) -> PathTarget<MountedReader<Device>.Node> {
    do throws(FileError<BootError>) {
      return try PathWalk.resolve(path, in: reader)
    } catch { throw failure(error, path) }
  }

  /// The error with its place in front: volume, file system and, where the message does not have it
  /// already, the file.
  private func failure(_ error: FileError<BootError>, _ path: ByteString) -> BootError {
    switch error {
    case .reader, .device: BootError(error).at("\(place): \(path)")
    default: BootError(error).at(place)
    }
  }
}
