// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// `blscfg [default|non-default|FILE|DIRECTORY]` of Fedora's GRUB, the options that GRUB 2.14
  /// gave it, and `uki` with the same options. Entries become scripts, as there, and so are what
  /// `default`, `$chosen` and `savedefault` work with.
  @inline(never)
  mutating func addBootLoaderEntries(_ call: ScriptInvocation) -> ScriptResult {
    let options = CommandOptions(
      call.arguments,
      "path/p= enable-fallback/f show-default/d show-non-default/n entry/e=")
    if let problem = options.problem { return .failed(problem) }
    var shows = (default: options.has("show-default"), others: options.has("show-non-default"))
    var path = options.value("path")
    switch options.operands.first {
    case "default"?: shows.default = true
    case "non-default"?: shows.others = true
    case let operand?: path = path ?? operand
    case nil: break
    }
    if !shows.default, !shows.others { shows = (true, true) }
    // A directory's names may make a menu that has little text of its own.
    let isImages = call.name == "uki"
    let images = isImages ? unifiedKernels(path, options) : []
    let files = isImages ? [] : entryFiles(path, options)
    noteFailure()
    if failure != nil { return .flow(.stopped) }
    let count = isImages ? images.count : files.count
    if count == 0 { return .failed("no entries found") }
    let wanted = value("default")
    for index in 0..<count {
      // Each is made when it is added: variables in it may make it long.
      let entry = isImages ? bootEntry(images[index]) : bootEntry(files[index])
      textByteCount += entry.body.count
      noteFailure()
      let isDefault = Self.isDefault(entry, index: index, wanted: wanted)
      let isShown = isDefault ? shows.default : shows.others
      if failure != nil || isShown && !add(entry) { return .flow(.stopped) }
    }
    return .status(0)
  }

  /// Whether a name stands for an entry: its id, its id with `.conf`, its title, or its number.
  private static func isDefault(_ entry: BootEntry, index: Int, wanted: ByteString) -> Bool {
    if wanted.isEmpty { return false }
    if wanted == entry.id || wanted == entry.id + ".conf" || wanted == entry.title { return true }
    return ScriptNumber.whole(wanted) == index
  }

  /// The directories to look into, best first: what the command names, `$blsdir`, the usual ones,
  /// on `$boot` where that is set, and on `$root`.
  private func directories(
    _ path: ByteString?, usual: [ByteString], _ options: CommandOptions
  ) -> [MenuFile] {
    var devices = [root]
    let boot = value("boot")
    if !boot.isEmpty, boot != root {
      devices.insert(MenuFile(boot, root: "")?.device ?? boot, at: 0)
      if boot.bytes.first != 0x28 { devices[0] = boot }
    }
    var paths = usual
    let variable = value("blsdir")
    if let path {
      paths = [path] + (options.has("enable-fallback") ? usual : [])
    } else if !variable.isEmpty, usual == EntryDirectory<Environment>.paths {
      paths = [variable] + usual
    }
    var result: [MenuFile] = []
    for device in devices {
      for path in paths {
        guard let directory = MenuFile(path, root: device) else { continue }
        let end = directory.path.hasSuffix("/") ? 1 : 0
        let bare = ByteString(directory.path.bytes.dropLast(end))
        result.append(MenuFile(device: directory.device, path: bare))
      }
    }
    return result
  }

  /// The entries of the first directory that has any, newest first.
  private mutating func entryFiles(
    _ path: ByteString?, _ options: CommandOptions
  ) -> [FoundEntry] {
    var reader = EntryDirectory(environment: environment, .grub, work)
    var found: [FoundEntry] = []
    if let name = options.value("entry") {
      found = entry(named: name, path, options, &reader)
    } else if let path, path.hasSuffix(".conf"), let file = MenuFile(path, root: root) {
      found = entry(in: file, &reader)
    } else {
      for directory in directories(path, usual: EntryDirectory<Environment>.paths, options) {
        found = reader.entries(in: directory) ?? []
        if !found.isEmpty { break }
      }
    }
    for warning in reader.warnings where menu.warnings.count < MenuLimits.warningCountMax {
      menu.warnings.append(warning)
    }
    for entry in found where !charge(byteCount: entry.text.count) { return [] }
    return sorted(found) { Self.stem($0.file) }
  }

  /// The one entry that `--entry` of GRUB 2.14 names, in the first directory that has it.
  private func entry(
    named name: ByteString, _ path: ByteString?, _ options: CommandOptions,
    _ reader: inout EntryDirectory<Environment>
  ) -> [FoundEntry] {
    let fullName = name.hasSuffix(".conf") ? name : name + ".conf"
    if name.bytes.contains(ASCII.slash), let file = MenuFile(fullName, root: root) {
      return entry(in: file, &reader)
    }
    for directory in directories(path, usual: EntryDirectory<Environment>.paths, options) {
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(fullName)")
      if environment.kind(of: file) != nil { return entry(in: file, &reader) }
    }
    return []
  }

  private func entry(
    in file: MenuFile, _ reader: inout EntryDirectory<Environment>
  ) -> [FoundEntry] {
    let start = file.path.bytes.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    guard let name = EntryFileName(file.path.dropFirst(start), ending: ".conf"),
      let entry = reader.entry(file, name)
    else { return [] }
    return [entry]
  }

  /// The unified kernel images of the first directory that has any.
  private mutating func unifiedKernels(
    _ path: ByteString?, _ options: CommandOptions
  ) -> [UnifiedKernelEntry] {
    var reader = UnifiedKernelDirectory(environment: environment, work)
    var found: [UnifiedKernelEntry] = []
    for directory in directories(path, usual: UnifiedKernelEntry.paths, options) {
      found = reader.entries(in: directory)
      if !found.isEmpty { break }
    }
    for warning in reader.warnings where menu.warnings.count < MenuLimits.warningCountMax {
      menu.warnings.append(warning)
    }
    for entry in found where !charge(byteCount: entry.source.count) { return [] }
    return sorted(found) { Self.stem($0.file) }
  }

  /// The script of an image.
  private func bootEntry(_ image: UnifiedKernelEntry) -> BootEntry {
    let entry = BootEntry(
      kind: .boot, title: image.title,
      source: command("linux", [ScriptText.word(image.file.name)], options: image.options),
      place: MenuPlace(file: image.file.name, line: 1))
    entry.id = image.id
    return entry
  }

  /// The name of a file without its directory and ending.
  private static func stem(_ file: MenuFile) -> ByteString {
    let start = file.path.bytes.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    let name = file.path.bytes.dropFirst(start)
    return ByteString(
      name.prefix(name.lastIndex(of: 0x2e).map { $0 - name.startIndex } ?? name.count))
  }

  /// Sorts by file name, as package names sort, newest first.
  private func sorted<Element>(
    _ elements: [Element], name: (Element) -> ByteString
  ) -> [Element] {
    let keyed = elements.map { (PackageName(name($0)), name($0), $0) }
    return keyed.sorted { left, right in
      guard work.pay(.textBytes, 32 + 2 * (left.1.count + right.1.count)) else { return false }
      let order = left.0.compare(right.0)
      return order == .same ? right.1 < left.1 : order == .newer
    }.map { $0.2 }
  }

  /// The script of an entry.
  private func bootEntry(_ found: FoundEntry) -> BootEntry {
    let variables = EntryVariables(context, work)
    let file = found.entry
    let title = file.title ?? file.kernel ?? found.name.id
    var source = ByteString()
    if let boot = file.boot(variables, keepsUnset: false) {
      let device = found.file.device
      // What an entry says is a script's text, so a path may bring its own device or a variable.
      let name = { (path: ByteString) in
        path.hasPrefix("/") ? MenuFile(device: device, path: path).name : path
      }
      if value("save_default") == "true" || value("blsuki_save_default") == "true" {
        source +=
          context.function("savedefault") != nil
          ? "savedefault\n" : "saved_entry=\"${chosen}\"\nsave_env saved_entry\n"
      }
      source += command("linux", [name(boot.kernel)], options: boot.options)
      if !boot.initrds.isEmpty { source += command("initrd", boot.initrds.map(name), options: "") }
    }
    let entry = BootEntry(
      kind: .boot, title: title, source: source, place: MenuPlace(file: found.file.name, line: 1))
    entry.id = Self.stem(found.file)
    if let id = file.id, id == value("default") { entry.id = id }
    entry.hotkey = file.hotkey
    entry.arguments = [title] + file.arguments
    if let users = file.users {
      // As in GRUB, a variable that is not set leaves the entry to everybody.
      let names = variables.expanded(users, keepsUnset: false)
      if !names.isEmpty || users.isEmpty { entry.access = .users(ScriptEvaluator.names(names)) }
    }
    return entry
  }

  /// A command of a script with file names and options that stand in it as they are: quotes,
  /// backslashes and variables mean what they mean to GRUB, which pastes them in as well. What
  /// would end the command gets a backslash, and so does a `$` that begins no variable.
  private func command(
    _ name: ByteString, _ files: [ByteString], options: ByteString
  ) -> ByteString {
    var result = name
    for file in files { result += " " + ScriptText.arguments(file) }
    if !options.isEmpty { result += " " + ScriptText.arguments(options) }
    return result + "\n"
  }
}
