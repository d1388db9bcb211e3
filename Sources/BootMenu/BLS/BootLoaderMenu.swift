// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Makes a menu of entries' files and unified kernel images, as systemd-boot does (Boot Loader
/// Specification; loader.conf(5)).
struct BootLoaderMenu<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment

  /// Where GRUB's environment block may be: entries of Fedora need variables from it.
  private static var environmentBlocks: [ByteString] {
    ByteString.words("/grub2/grubenv /boot/grub2/grubenv /grub/grubenv /boot/grub/grubenv")
  }

  /// An entry with what it is sorted by.
  private struct Row {
    var entry: BootEntry
    var name: EntryFileName
    var sortKey: ByteString?
    var machineID: ByteString
    var version: ByteString
    /// The number of a unified kernel image's profile.
    var profile = 0
  }

  /// Adds the entries of some devices to an empty menu: the specification's two partitions are two
  /// devices.
  func fill(
    _ menu: inout Menu, devices: [ByteString], configuration: LoaderConfiguration?
  ) {
    readVariables(&menu, devices: devices)
    var rows: [Row] = []
    var reader = EntryDirectory(environment: environment, .systemdBoot)
    var images = UnifiedKernelDirectory(environment: environment)
    for device in devices {
      for path in EntryDirectory<Environment>.paths {
        guard let found = reader.entries(in: MenuFile(device: device, path: path)) else { continue }
        rows += startable(found, &reader).map { row($0) }
        break
      }
      for path in UnifiedKernelEntry.paths {
        rows += images.entries(in: MenuFile(device: device, path: path)).map { row($0) }
      }
    }
    menu.warnings += reader.warnings + images.warnings
    rows.sort { BootLoaderMenu.isBefore($0, $1) }
    BootLoaderMenu.makeUnique(&rows)
    menu.entries = rows.map { $0.entry }
    finish(&menu, configuration)
    if let pattern = configuration?.preferredPattern.map({ GlobPattern($0) }),
      let index = rows.firstIndex(where: { !$0.name.isBad && $0.entry.isNamed(by: pattern) })
    {
      menu.defaultName = "\(index)"
    }
  }

  /// The entries whose kernel is there: systemd-boot hides the others, and the next one boots. If
  /// none is left all stay, so that a boot says what is missing.
  private func startable(
    _ found: [FoundEntry], _ reader: inout EntryDirectory<Environment>
  ) -> [FoundEntry] {
    let there = found.filter { hasKernel($0) }
    if there.isEmpty || there.count == found.count { return found }
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
    finish(&menu, nil)
  }

  private func readVariables(_ menu: inout Menu, devices: [ByteString]) {
    for device in devices {
      for path in BootLoaderMenu.environmentBlocks {
        let file = MenuFile(device: device, path: path)
        guard
          let text = environment.contents(of: file, byteCountMax: EnvironmentBlock.byteCountMax),
          let block = EnvironmentBlock(text)
        else { continue }
        for variable in block.variables { _ = menu.context.set(variable.name, variable.value) }
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
    return Row(
      entry: entry, name: found.name, sortKey: found.entry.sortKey,
      machineID: found.entry.machineID ?? "", version: found.entry.version ?? "")
  }

  private func row(_ image: UnifiedKernelEntry) -> Row {
    let place = MenuPlace(file: image.file.name, line: 1)
    let entry = BootEntry(kind: .boot, title: image.title, source: image.source, place: place)
    entry.id = image.id
    return Row(
      entry: entry, name: image.name, sortKey: image.sortKey, machineID: "",
      version: image.version ?? "", profile: image.profile)
  }

  /// What `loader.conf` says, or where it says nothing GRUB's environment block.
  private func finish(_ menu: inout Menu, _ configuration: LoaderConfiguration?) {
    menu.root = menu.file.device
    menu.timeoutSeconds = configuration?.timeoutSeconds ?? 0
    if configuration?.isHidden == true { menu.timeoutStyle = .hidden }
    menu.isEditable = configuration?.isEditable ?? true
    if let configuration, let pattern = configuration.defaultPattern {
      if let index = BootLoaderMenu.index(of: pattern, in: menu.entries) {
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

  /// The first entry whose file name matches a pattern. Older versions of systemd-boot compared
  /// without `.conf`, so both are tried.
  private static func index(of pattern: ByteString, in entries: [BootEntry]) -> Int? {
    let glob = GlobPattern(pattern)
    return entries.firstIndex { $0.isNamed(by: glob) }
  }
}

extension BootEntry {
  fileprivate func isNamed(by pattern: GlobPattern) -> Bool {
    pattern.matches(id + ".conf") || pattern.matches(id)
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
    }
    let order = SpecificationVersion.compare(left.name.id, right.name.id)
    if order != .same { return order == .newer }
    // An image's first profile is what it boots by itself.
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
  private static func makeUnique(_ rows: inout [Row]) {
    for step in 0..<3 {
      let order = rows.indices.sorted { rows[$0].entry.title < rows[$1].entry.title }
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
          default: row.entry.id
          }
        if !word.isEmpty { rows[index].entry.title += " (\(word))" }
      }
    }
  }
}
