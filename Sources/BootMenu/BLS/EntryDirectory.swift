// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An entry with the file that it is in.
final class FoundEntry {
  /// The file.
  let file: MenuFile
  /// What the file's name says.
  let name: EntryFileName
  /// What is in it.
  let entry: EntryFile
  /// Its text.
  let text: ByteString

  /// What was found in a file.
  init(file: MenuFile, name: EntryFileName, entry: EntryFile, text: ByteString) {
    self.file = file
    self.name = name
    self.entry = entry
    self.text = text
  }
}

/// Reads the entries' files of a directory.
struct EntryDirectory<Environment: MenuEnvironment> {
  /// Where entries are on a file system, first the one of a partition of their own.
  static var paths: [ByteString] { ByteString.words("/loader/entries /boot/loader/entries") }

  /// The world.
  let environment: Environment
  /// Whose rules hold.
  let rules: EntryFile.Rules
  /// What pays.
  let work: MenuWork
  /// What was skipped.
  private(set) var warnings: [MenuWarning] = []
  /// The bytes of all files that were read.
  private(set) var byteCount = 0

  /// A reader of directories.
  init(environment: Environment, _ rules: EntryFile.Rules, _ work: MenuWork) {
    self.environment = environment
    self.work = work
    self.rules = rules
  }

  /// The entries of a directory in the order of their names; nil if there is no file of an entry.
  mutating func entries(in directory: MenuFile) -> [FoundEntry]? {
    var result: [FoundEntry] = []
    var isEmpty = true
    let isThere = environment.visitFiles(
      inDirectory: directory, byteCountMax: MenuLimits.entryFileByteCountMax,
      wants: { name in
        EntryFileName(name, ending: ".conf") != nil
          && !(rules == .systemdBoot && EntryFileName.isReserved(name))
      },
      visit: { name, text in
        isEmpty = false
        let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
        guard work.pay(.nodes) else { return false }
        guard MenuLimits.hasRoom(entryCount: result.count, textByteCount: byteCount),
          byteCount <= MenuLimits.entryByteCountMax
        else {
          warn("too many entries", file)
          return false
        }
        if let parsed = EntryFileName(name, ending: ".conf"),
          let entry = entry(file, parsed, text)
        {
          result.append(entry)
        }
        return true
      })
    guard isThere, !isEmpty else { return nil }
    warnings.sort { $0.place.file < $1.place.file }
    return result.sorted {
      work.pay(.textBytes, $0.file.path.count) && $0.file.path < $1.file.path
    }
  }

  /// The entry in a file; nil, with a warning, if it can't be in a menu.
  mutating func entry(_ file: MenuFile, _ name: EntryFileName) -> FoundEntry? {
    let limit = MenuLimits.entryFileByteCountMax
    return entry(file, name, environment.contents(of: file, byteCountMax: limit))
  }

  private mutating func entry(
    _ file: MenuFile, _ name: EntryFileName, _ text: ByteString?
  ) -> FoundEntry? {
    guard let text else {
      warn("can't be read, or is over \(MenuLimits.entryFileByteCountMax >> 10) KiB", file)
      return nil
    }
    byteCount += text.count
    guard work.pay(.textBytes, text.count) else { return nil }
    let entry = EntryFile(text, rules)
    if let obstacle = entry.obstacle {
      warn(obstacle, file)
      return nil
    }
    for extra in entry.extras { note("extra \(extra) is not applied", file) }
    return FoundEntry(file: file, name: name, entry: entry, text: text)
  }

  /// Notes that an entry is left out.
  mutating func warn(_ what: ByteString, _ file: MenuFile) {
    note("entry skipped: \(what)", file)
  }

  private mutating func note(_ what: ByteString, _ file: MenuFile) {
    guard warnings.count < MenuLimits.warningCountMax else { return }
    let place = MenuPlace(file: file.name, line: 1, column: 1)
    warnings.append(MenuWarning(place: place, kind: .failed(what)))
  }
}
