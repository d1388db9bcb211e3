// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import FileSystem

/// A volume with a file system that one of the readers knows.
public final class MountedFileSystem<Device: BlockDevice> {
  /// The volume.
  public let volume: Volume<Device>
  /// What it may use up of the account of work.
  let share: WorkShare
  private let reader: MountedReader

  /// The reader that knows what is on `volume`; nil if none does. Throws if a reader knows the
  /// format but can't read this one.
  public static func probe(_ volume: Volume<Device>) throws(BootError) -> MountedFileSystem? {
    let share = WorkShare(volume.name)
    let scope = volume.work.begin(share)
    defer { volume.work.end(scope) }
    return try FileSystemReaders.mount(volume).map {
      MountedFileSystem(volume: volume, reader: $0, share: share)
    }
  }

  /// The file system on `volume`, which `reader` reads.
  init(volume: Volume<Device>, reader: MountedReader, share: WorkShare? = nil) {
    self.volume = volume
    self.reader = reader
    self.share = share ?? WorkShare(volume.name)
  }

  /// The format's name.
  public var formatName: ByteString { reader.formatName }

  /// The volume's label; empty if none.
  public var label: ByteString { reader.label }

  /// Whether a loader or Linux would find it by a label: GRUB takes blanks at its end for a part of
  /// it, and blkid takes them away.
  func hasLabel(_ label: ByteString) -> Bool {
    guard !label.isEmpty else { return false }
    if reader.otherLabels.contains(label) { return true }
    let own = reader.label
    let end = own.bytes.lastIndex { $0 != 0x20 && !(0x09...0x0d).contains($0) }
    return own == label || ByteString(own.bytes[..<(end.map { $0 + 1 } ?? 0)]) == label
  }

  /// Whether a loader would find it by an identifier, in small or capital letters.
  func hasUUID(_ uuid: ByteString) -> Bool {
    guard !uuid.isEmpty else { return false }
    let wanted = uuid.lowercased
    return reader.uuid.lowercased == wanted
      || reader.otherUUIDs.contains { $0.lowercased == wanted }
  }

  /// The volume's identifier; empty if none.
  public var uuid: ByteString { reader.uuid }

  /// What an administrator should know of it, with the place in front; nil if nothing.
  public var remark: ByteString? { reader.remark.map { "\(place): \($0)" } }

  /// Whether it was not unmounted and has changes that are in its journal only. Nothing may be
  /// written to it in place then: the kernel's own replay would undo it, or mix both.
  public var needsRecovery: Bool { reader.needsRecovery }

  /// Lines about what else is on the volume that one could boot from.
  public var details: [ByteString] { reader.details }

  /// Lines about the file system itself: sizes and features.
  public var facts: [ByteString] { reader.facts }

  /// The image of an optical disk that it is; nil for all other formats.
  var opticalImage: OpticalImage? { reader.opticalImage }

  /// Forgets what its reader kept to save reads.
  func emptyCache() { reader.emptyCache() }

  /// Why a file's blocks may not be written in place; nil if they may: the disk allows it, and the
  /// file system keeps no checksum or second copy of data, nor a journal that would undo it.
  var writeObstacle: ByteString? {
    if volume.isAssembled { return "arrays, logical volumes and loopback files are never written" }
    guard volume.isWritable else { return "the disk may not be written" }
    if needsRecovery { return "the file system was not unmounted" }
    if volume.isRaidMember { return "the volume is a part of a RAID" }
    return reader.writeObstacle
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
    let scope = begin()
    defer { end(scope) }
    let target = try resolve(path)
    return FoundFile(path: target.path, attributes: target.attributes)
  }

  /// The contents of a small file.
  public func contents(_ path: ByteString, limit: Int) throws(BootError) -> [UInt8] {
    let scope = begin()
    defer { end(scope) }
    do throws(FileError<BootError>) {
      return try FileContents.readAll(path, in: reader, on: volume, limit: limit)
    } catch { throw failure(error, path) }
  }

  /// `path` without symbolic links, `.`, `..` and doubled slashes: the same for two names of one
  /// file.
  func canonicalPath(_ path: ByteString) throws(BootError) -> ByteString {
    try attributes(path).path
  }

  /// Goes through the names in a directory, in the order in which they are stored, until `visit`
  /// gives false.
  public func visitNames(
    _ path: ByteString, _ visit: (ByteString) -> Bool
  ) throws(BootError) {
    let scope = begin()
    defer { end(scope) }
    try visitEntries(try directory(path), path) { name, _ in visit(name) }
  }

  /// Goes through the files of a directory whose names are wanted, in the order in which they are
  /// stored, until `visit` says that it has enough. The contents of a file that can't be read, or
  /// that has more than `limit` bytes, are nil. The directory is read once, whatever it holds.
  public func visitFiles(
    in path: ByteString, limit: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) throws(BootError) {
    let scope = begin()
    defer { end(scope) }
    let directory = try directory(path)
    let front = directory.path == "/" ? "" : directory.path
    // Small files may be packed together: what was unpacked for one is there for the next.
    var contents = ExtentReader(volume)
    try visitEntries(directory, path) { name, node in
      !wants(name)
        || visit(name, fileContents(node, "\(front)/\(name)", limit: limit, by: &contents))
    }
  }

  /// Where the contents of the file at `path` are.
  public func locate(_ path: ByteString) throws(BootError) -> LocatedFile<Device> {
    let scope = begin()
    defer { end(scope) }
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

  /// The directory at a path.
  private func directory(
    _ path: ByteString
  ) throws(BootError) -> PathTarget<MountedNode> {
    let target = try resolve(path)
    guard target.attributes.kind == .directory else {
      throw BootError(.wrongRequest, "\(place): \(path): not a directory")
    }
    return target
  }

  private func visitEntries(
    _ directory: PathTarget<MountedNode>, _ path: ByteString,
    _ visit: (ByteString, MountedNode) -> Bool
  ) throws(BootError) {
    do throws(BootError) { try reader.visitEntries(of: directory.node, visit) } catch {
      throw error.at("\(place): \(path)")
    }
  }

  /// The contents of what an entry of a directory leads to; nil if it is no file, or not readable.
  private func fileContents(
    _ node: MountedNode, _ path: ByteString, limit: Int, by contents: inout ExtentReader<Device>
  ) -> ByteString? {
    do throws(FileError<BootError>) {
      let attributes: NodeAttributes
      do { attributes = try reader.attributes(of: node) } catch { throw .reader(error) }
      if attributes.kind == .symbolicLink {
        return ByteString(try FileContents.readAll(path, in: reader, on: volume, limit: limit))
      }
      guard attributes.kind == .file else { return nil }
      let target = PathTarget(node: node, attributes: attributes, path: path)
      return ByteString(
        try FileContents.readAll(target, in: reader, on: volume, limit: limit, by: &contents))
    } catch { return nil }
  }

  /// Begins work that is charged to this file system.
  @inline(never)
  private func begin() -> WorkAccount.Scope { volume.work.begin(share) }

  @inline(never)
  private func end(_ scope: WorkAccount.Scope) { volume.work.end(scope) }

  /// Begins something that may use up half of what the file system still may: one path, one menu.
  @inline(never)
  func beginPart() -> (whole: WorkAccount.Scope, part: WorkAccount.Scope) {
    (begin(), volume.work.begin(WorkShare()))
  }

  /// Ends what `beginPart` began.
  @inline(never)
  func endPart(_ scopes: (whole: WorkAccount.Scope, part: WorkAccount.Scope)) {
    end(scopes.part)
    end(scopes.whole)
  }

  private func resolve(
    _ path: ByteString
  ) throws(BootError) -> PathTarget<MountedNode> {
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
