// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Makes a menu of entries' files and unified kernel images, as systemd-boot does (Boot Loader
/// Specification; loader.conf(5)).
struct BootLoaderMenu<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// What pays.
  let work: MenuWork

  /// Where GRUB's environment block may be: entries of Fedora need variables from it.
  private static var environmentBlocks: [ByteString] {
    ByteString.words("/grub2/grubenv /boot/grub2/grubenv /grub/grubenv /boot/grub/grubenv")
  }

  /// An entry with what it is sorted by.
  private struct Row {
    var entry: BootEntry
    var name: EntryFileName
    /// The file's name without the counters of tries: `x.conf`, `x.efi`.
    var fileName: ByteString
    /// The same with the profile after it: `x.efi@rescue`, systemd-boot's id.
    var fileID: ByteString
    var sortKey: ByteString?
    var machineID: ByteString
    var version: ByteString
    /// The number of a unified kernel image's profile.
    var profile: UInt64 = 0

    /// Whether a pattern of `loader.conf` means it. Older versions of systemd-boot compared without
    /// `.conf`, so both are tried.
    func isNamed(by pattern: GlobPattern, _ work: MenuWork) -> Bool {
      pattern.matches(fileID, work) || pattern.matches(entry.id, work)
    }

    /// What comparing it with another may cost.
    var textByteCount: Int { 32 + version.count + fileName.count + (sortKey?.count ?? 0) }
  }

  /// Adds the entries of some devices to an empty menu: the specification's two partitions are two
  /// devices.
  func fill(
    _ menu: inout Menu, devices: [ByteString], configuration: LoaderConfiguration?
  ) {
    readVariables(&menu, devices: devices)
    var found: [FoundEntry] = []
    var rows: [Row] = []
    var reader = EntryDirectory(environment: environment, .systemdBoot, work)
    var images = UnifiedKernelDirectory(environment: environment, work)
    for device in devices {
      for path in EntryDirectory<Environment>.paths {
        let directory = MenuFile(device: device, path: path)
        guard let entries = reader.entries(in: directory) else { continue }
        found += entries
        break
      }
      for path in UnifiedKernelEntry.paths {
        rows += images.entries(in: MenuFile(device: device, path: path)).map { row($0) }
      }
    }
    rows += startable(found, &reader, isAlone: rows.isEmpty).map { row($0) }
    menu.warnings += reader.warnings + images.warnings
    rows.sort {
      work.pay(.textBytes, $0.textByteCount + $1.textByteCount) && BootLoaderMenu.isBefore($0, $1)
    }
    makeUnique(&rows)
    menu.entries = rows.map { $0.entry }
    finish(&menu, configuration, rows)
    if let pattern = configuration?.preferredPattern.map({ GlobPattern($0) }),
      let index = rows.firstIndex(where: { !$0.name.isBad && $0.isNamed(by: pattern, work) })
    {
      menu.defaultName = "\(index)"
    }
  }

  /// The entries whose kernel is there: systemd-boot hides the others, and the next one boots. If
  /// nothing else is in the menu all stay, so that a boot says what is missing.
  private func startable(
    _ found: [FoundEntry], _ reader: inout EntryDirectory<Environment>, isAlone: Bool
  ) -> [FoundEntry] {
    let there = found.filter { hasKernel($0) }
    if there.count == found.count || isAlone && there.isEmpty { return found }
    for entry in found where !hasKernel(entry) {
      reader.warn("\(entry.entry.kernel ?? "") is not there", entry.file)
    }
    return there
  }

  private func hasKernel(_ found: FoundEntry) -> Bool {
    guard let kernel = found.entry.kernel else { return false }
    return [kernel, "/boot" + (kernel.hasPrefix("/") ? kernel : "/" + kernel)].contains {
      guard case .file? = environment.kind(of: MenuFile(device: found.file.device, path: $0))
      else { return false }
      return true
    }
  }

  /// Adds the one entry that a file's text is.
  func fill(_ menu: inout Menu, fromEntry text: ByteString) {
    let start = menu.file.path.bytes.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    guard work.pay(.textBytes, text.count) else { return }
    let entry = EntryFile(text, .systemdBoot)
    if let obstacle = entry.obstacle {
      let place = MenuPlace(file: menu.file.name, line: 1, column: 1)
      menu.warnings.append(MenuWarning(place: place, kind: .failed("entry skipped: \(obstacle)")))
      return
    }
    guard let name = EntryFileName(menu.file.path.dropFirst(start), ending: ".conf") else { return }
    readVariables(&menu, devices: [menu.file.device])
    let found = FoundEntry(file: menu.file, name: name, entry: entry, text: text)
    menu.entries = [row(found).entry]
    finish(&menu, nil, [])
  }

  private func readVariables(_ menu: inout Menu, devices: [ByteString]) {
    for device in devices {
      for path in BootLoaderMenu.environmentBlocks {
        let file = MenuFile(device: device, path: path)
        guard
          let text = environment.contents(of: file, byteCountMax: EnvironmentBlock.byteCountMax),
          let block = EnvironmentBlock(text)
        else { continue }
        for variable in block.variables {
          guard work.pay(.textBytes, menu.context.variables.count / 4 + 32) else { return }
          _ = menu.context.set(variable.name, variable.value)
        }
        return
      }
    }
  }

  private func row(_ found: FoundEntry) -> Row {
    let place = MenuPlace(file: found.file.name, line: 1)
    let title = found.entry.title ?? found.name.id + ".conf"
    let entry = BootEntry(kind: .boot, title: title, source: found.text, place: place)
    entry.id = found.name.id
    entry.hotkey = found.entry.hotkey
    let fileName = found.name.id + ".conf"
    return Row(
      entry: entry, name: found.name, fileName: fileName, fileID: fileName,
      sortKey: found.entry.sortKey, machineID: found.entry.machineID ?? "",
      version: found.entry.version ?? "",
      profile: found.entry.profile.flatMap { Numbers.decimal($0) } ?? 0)
  }

  private func row(_ image: UnifiedKernelEntry) -> Row {
    let place = MenuPlace(file: image.file.name, line: 1)
    let entry = BootEntry(kind: .boot, title: image.title, source: image.source, place: place)
    entry.id = image.id
    return Row(
      entry: entry, name: image.name, fileName: image.name.id, fileID: image.id,
      sortKey: image.sortKey, machineID: "",
      version: image.version ?? "", profile: UInt64(image.profile))
  }

  /// What `loader.conf` says, or where it says nothing GRUB's environment block.
  private func finish(
    _ menu: inout Menu, _ configuration: LoaderConfiguration?, _ rows: [Row]
  ) {
    menu.root = menu.file.device
    menu.timeoutSeconds = configuration?.timeoutSeconds ?? 0
    if configuration?.isHidden == true { menu.timeoutStyle = .hidden }
    menu.isEditable = configuration?.isEditable ?? true
    if let configuration, let pattern = configuration.defaultPattern {
      let glob = GlobPattern(pattern)
      if let index = rows.firstIndex(where: { $0.isNamed(by: glob, work) }) {
        menu.defaultName = "\(index)"
      } else if menu.warnings.count < MenuLimits.warningCountMax {
        let place = MenuPlace(file: menu.file.name, line: configuration.defaultLine, column: 1)
        menu.warnings.append(
          MenuWarning(place: place, kind: .failed("no entry fits the default \(pattern)")))
      }
    } else if let saved = menu.context.value("saved_entry"),
      let selection = menu.selection(named: saved)
    {
      menu.defaultName = "\(selection.index)"
    }
  }
}

// MARK: Order

extension BootLoaderMenu {
  /// The specification's order ("Sorting").
  private static func isBefore(_ left: Row, _ right: Row) -> Bool {
    if left.name.isBad != right.name.isBad { return right.name.isBad }
    if (left.sortKey == nil) != (right.sortKey == nil) { return left.sortKey != nil }
    if let one = left.sortKey, let two = right.sortKey {
      if one != two { return one < two }
      if left.machineID != right.machineID { return left.machineID < right.machineID }
      let order = SpecificationVersion.compare(left.version, right.version)
      if order != .same { return order == .newer }
      // systemd 262: what each image boots by itself comes before other profiles of any image.
      if left.profile != right.profile { return left.profile < right.profile }
    }
    // The ending counts: `arch.conf` goes before `arch-fallback.conf`.
    let order = SpecificationVersion.compare(left.fileName, right.fileName)
    if order != .same { return order == .newer }
    if left.profile != right.profile { return left.profile < right.profile }
    if let one = left.name.triesLeft, let two = right.name.triesLeft {
      if one != two { return one > two }
      if left.name.triesDone != right.name.triesDone {
        return left.name.triesDone < right.name.triesDone
      }
    }
    return left.entry.place.file < right.entry.place.file
  }

  /// Adds versions, machines and ids to titles that several entries have, one after the other
  /// until each differs, as systemd-boot does.
  private func makeUnique(_ rows: inout [Row]) {
    for step in 0..<3 {
      let order = rows.indices.sorted {
        work.pay(.textBytes, rows[$0].entry.title.count + 32)
          && rows[$0].entry.title < rows[$1].entry.title
      }
      var doubled: [Int] = []
      for (place, index) in order.enumerated() {
        let title = rows[index].entry.title
        let isLikeLast = place > 0 && rows[order[place - 1]].entry.title == title
        let isLikeNext =
          place + 1 < order.count && rows[order[place + 1]].entry.title == title
        if isLikeLast || isLikeNext { doubled.append(index) }
      }
      if doubled.isEmpty { return }
      for index in doubled {
        let row = rows[index]
        let word: ByteString =
          switch step {
          case 0: row.version
          case 1: ByteString(row.machineID.bytes.prefix(8))
          default: row.fileID
          }
        if !word.isEmpty { rows[index].entry.title += " (\(word))" }
      }
    }
  }
}
