// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import FileSystem

/// What of all that a search for menus asks for is on a volume. Each name is looked up once, when
/// it is asked for first. On a disk with many volumes `lookAhead` looks all of them up: a search
/// goes over the volumes more than once, and what it read of the first is forgotten by then.
final class VolumeSurvey<Device: BlockDevice> {
  /// A file that is there, and its name without links.
  struct Found {
    let path: ByteString
    let canonical: ByteString
  }

  /// Its file system.
  let system: MountedFileSystem<Device>
  /// GRUB's name of the volume, which the search sets.
  var device: ByteString = ""
  /// What kept a name from being looked up, the first time.
  private(set) var failure: BootError?
  /// The scripts that may be in directories of an EFI system partition: a few lines that go on with
  /// the menu of another partition.
  private(set) lazy var firmwareScripts: [ByteString] = {
    guard hasDirectory(ConfigSearch.firmwareDirectory) else { return [] }
    return names(ConfigSearch.firmwareDirectory).prefix(ConfigSearch.firmwareDirectoryCountMax)
      .map { "\(ConfigSearch.firmwareDirectory)/\($0)/grub.cfg" }
  }()

  /// The names at the top that are not those of a system's directories, in order.
  private(set) lazy var topNames: [ByteString] = names("/") {
    !$0.isWord(of: ConfigSearch.systemDirectories)
  }

  /// The names that were looked up.
  private var known: [ByteString] = []
  private var files: [Found] = []
  private var directories: [ByteString] = []
  /// Directories that are not there, so that nothing below them need be looked up.
  private var missing: [ByteString] = []

  init(_ system: MountedFileSystem<Device>) { self.system = system }

  /// Looks up all that a search asks for.
  func lookAhead() {
    for path in ConfigSearch.guestLoaders + ConfigSearch.scripts + firmwareScripts
      + ConfigSearch.syslinux + ConfigSearch.entryDirectories
    {
      look(path)
    }
    look(ConfigSearch.loaderConfiguration)
    for path in ConfigSearch.legacy { look(path) }
    _ = topNames
  }

  /// Whether a directory is there.
  func hasDirectory(_ path: ByteString) -> Bool {
    look(path)
    return directories.contains(path)
  }

  /// A file; nil if it is not there.
  func file(_ path: ByteString) -> Found? {
    look(path)
    return files.first { $0.path == path }
  }

  /// Whether one of the directories with entries is there.
  var hasEntries: Bool {
    ConfigSearch.entryDirectories.contains { hasDirectory($0) }
  }

  /// Whether the volume's entries are to be shown with those of another one.
  var hasEntriesOrConfiguration: Bool {
    hasEntries || hasDirectory(ConfigSearch.loaderConfiguration)
      || file(ConfigSearch.loaderConfiguration) != nil
  }

  /// Looks a name up, once.
  private func look(_ path: ByteString) {
    if known.contains(path) { return }
    known.append(path)
    let parts = path.split(on: ASCII.slash)
    var directory: ByteString = ""
    for name in parts.dropFirst().dropLast() {
      directory += "/\(name)"
      if missing.contains(directory) { return }
      if !directories.contains(directory) {
        guard case .directory? = attributes(directory)?.attributes.kind else {
          missing.append(directory)
          return
        }
        directories.append(directory)
      }
    }
    guard let found = attributes(path) else { return }
    switch found.attributes.kind {
    case .file: files.append(Found(path: path, canonical: found.path))
    case .directory: directories.append(path)
    case .symbolicLink, .special: break
    }
  }

  /// A name that never ends costs its own share: others of the same file system are still found.
  private func attributes(_ path: ByteString) -> FoundFile? {
    let scopes = system.beginPart()
    defer { system.endPart(scopes) }
    do throws(BootError) { return try system.attributes(path) } catch {
      if error.family != .wrongRequest { failure = failure ?? error }
      return nil
    }
  }

  /// The names in a directory that do not begin with a dot, in order.
  private func names(
    _ directory: ByteString, isWanted: (ByteString) -> Bool = { _ in true }
  ) -> [ByteString] {
    let scopes = system.beginPart()
    defer { system.endPart(scopes) }
    var result: [ByteString] = []
    do throws(BootError) {
      try system.visitNames(directory) { name in
        if name.bytes.first == 0x2e || !isWanted(name) { return true }
        guard result.count < MenuLimits.directoryNameCountMax else {
          failure = failure ?? tooManyNames(directory)
          return false
        }
        result.append(name)
        return true
      }
    } catch {
      failure = failure ?? error
      return []
    }
    return result.sorted()
  }

  private func tooManyNames(_ directory: ByteString) -> BootError {
    BootError(
      .unsupported,
      "\(system.place): \(directory): only \(MenuLimits.directoryNameCountMax) names looked at")
  }
}
