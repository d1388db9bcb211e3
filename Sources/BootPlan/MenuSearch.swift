// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes

/// Looks for the guest's menu: every disk in order, on each the menus of every volume, then menus
/// of GRUB legacy, then scripts in subvolumes of any name, and last a loader of the guest's own. A
/// menu that boots nothing is passed over.
public struct MenuSearch<Device: BlockDevice> {
  /// What was found.
  public struct Result {
    /// The first menu that can be used; one that boots nothing if there is no other.
    public let menu: Menu?
    /// Lines for the log: menus that were there but could not be used, and those that lost.
    public let remarks: [ByteString]
  }

  /// What is found so far.
  struct State {
    /// The menu that wins.
    var menu: Menu?
    /// The first menu that boots nothing.
    var useless: Menu?
    /// Lines for the log.
    var remarks: [ByteString] = []
    /// What a loader of the guest's own is told.
    var loaderOptions = HostOptions.chainedWord
    /// The file systems of which damage was told.
    var damaged: [ByteString] = []
    /// How often entries of a disk's volumes were tried.
    var entryTrialCount = 0
  }

  /// The entries of a menu that are tried until one boots something.
  static var trialCountMax: Int { 16 }

  /// The volumes of a disk whose entries are tried, each with those of all others.
  static var entryTrialCountMax: Int { 8 }

  /// The volumes of a disk up to which their readers keep what they have.
  static var keptCacheCountMax: Int { 8 }

  let environment: GuestEnvironment<Device>

  /// Variables that a GRUB 2 script finds set.
  private let presets: [(name: ByteString, value: ByteString)]

  /// A search in `environment`, for a guest whose config says `options`.
  public init(_ environment: GuestEnvironment<Device>, options: HostOptions = HostOptions("")) {
    self.environment = environment
    presets = options.variables
  }

  var interpreter: MenuInterpreter<GuestEnvironment<Device>> {
    var interpreter = MenuInterpreter(environment: environment)
    interpreter.presets += presets
    return interpreter
  }

  /// The menu that `file` is, as the host asked for by `extra="(hd0,0)/boot/grub/menu.lst"`.
  public func load(_ file: MenuFile) throws(BootError) -> Menu {
    do throws(MenuError) {
      return try interpreter.load(file)
    } catch {
      // The reason why a file can't be read is the file system's to tell.
      if case .unreadable(let file) = error { try environment.read(file) }
      throw BootError(error).at(try environment.fileSystem(file.device).place)
    }
  }

  /// The menu of a text that came without a file, `ramdisk=` of the host. Paths without a device
  /// are on the first file system.
  public func menu(_ text: ByteString) throws(BootError) -> Menu {
    let device = environment.disks.firstMounted.map { environment.disks.name(of: $0) } ?? ""
    do throws(MenuError) {
      return try interpreter.menu(
        text, file: MenuFile(device: device, path: "text"),
        format: MenuFormat(path: "", text: text))
    } catch { throw BootError(error) }
  }

  /// The first usable menu on any disk. A loader that was itself started as the guest's own one
  /// does not start it again.
  public func find(isChained: Bool = false, isReadOnly: Bool = false) -> Result {
    var state = State()
    if isReadOnly { state.loaderOptions += " readonly" }
    state.remarks = environment.disks.remarks
    for (disk, found) in environment.disks.disks.enumerated() where !found.isLoopback {
      let volumes = survey(disk)
      state.entryTrialCount = 0
      search(volumes, isChained: isChained, &state)
      if state.menu != nil { break }
      for volume in volumes { volume.system.emptyCache() }
    }
    return Result(menu: state.menu ?? state.useless, remarks: state.remarks)
  }

  /// What is on the volumes of a disk. Where there are many, what each reader has kept is given up.
  private func survey(_ disk: Int) -> [VolumeSurvey<Device>] {
    let positions = environment.disks.mounted(on: disk)
    var result: [VolumeSurvey<Device>] = []
    for position in positions {
      guard let survey = environment.disks[position].survey() else { continue }
      survey.device = environment.disks.name(of: position)
      result.append(survey)
      if positions.count > Self.keptCacheCountMax {
        survey.lookAhead()
        survey.system.emptyCache()
      }
    }
    return result
  }

  private func search(
    _ volumes: [VolumeSurvey<Device>], isChained: Bool, _ state: inout State
  ) {
    let loader = isChained ? nil : guestLoader(on: volumes)
    for volume in volumes where state.menu == nil {
      if let remark = volume.system.remark { state.remarks.append(remark) }
      tryFiles(ConfigSearch.scripts + volume.firmwareScripts, on: volume, &state)
      tryFiles(ConfigSearch.syslinux, on: volume, &state)
      tryEntries(of: volume, among: volumes, &state)
    }
    if state.menu != nil { remarkLegacyMenus(on: volumes, &state) }
    for volume in volumes { tryFiles(ConfigSearch.legacy, on: volume, &state) }
    for volume in volumes where state.menu == nil {
      tryFiles(nestedScripts(on: volume), on: volume, &state)
    }
    // Reading may have shown damage.
    for volume in volumes {
      if let remark = volume.system.remark, !state.remarks.contains(remark) {
        state.remarks.append(remark)
      }
    }
    if let loader { use(loader, &state) }
  }

  /// Tries the files of a volume in order until one is a menu that boots something. A file that is
  /// there by two names is tried once.
  @inline(never)
  private func tryFiles(
    _ paths: [ByteString], on volume: VolumeSurvey<Device>, _ state: inout State
  ) {
    guard state.menu == nil else { return }
    for path in files(paths, on: volume, &state) where state.menu == nil {
      let scopes = volume.system.beginPart()
      defer { volume.system.endPart(scopes) }
      do throws(BootError) {
        take(
          try load(MenuFile(device: volume.device, path: path)), at: volume.system.place, &state)
      } catch { state.remarks.append(error.message) }
    }
  }

  /// Those of some names that are files, each file by its first name. What keeps names from being
  /// looked up is remarked, once a volume: the other names lead through the same directories.
  @inline(never)
  private func files(
    _ paths: [ByteString], on volume: VolumeSurvey<Device>, _ state: inout State
  ) -> [ByteString] {
    var known: [ByteString] = []
    var result: [ByteString] = []
    for path in paths {
      guard let found = volume.file(path), !known.contains(found.canonical) else { continue }
      known.append(found.canonical)
      result.append(path)
    }
    if let failure = volume.failure, !state.damaged.contains(volume.system.place) {
      state.damaged.append(volume.system.place)
      state.remarks.append(failure.message)
    }
    return result
  }

  /// Takes a menu if one of its entries boots something.
  @inline(never)
  func take(_ menu: Menu, at place: ByteString, _ state: inout State) {
    guard let reason = obstacle(menu) else {
      state.menu = menu
      return
    }
    state.useless = state.useless ?? menu
    state.remarks.append(
      "\(place): menu \(menu.file.name) boots nothing, so it is passed: \(reason)")
  }

  /// Why none of the first entries of a menu boots anything; nil if one does. Whether the files are
  /// there is not looked at: a menu whose kernel is gone is still the guest's.
  private func obstacle(_ menu: Menu) -> ByteString? {
    var order = BootPolicy.unattendedOrder(of: menu)
    for index in menu.entries.indices.prefix(Self.trialCountMax) {
      order.append(Menu.Selection(index: index))
    }
    var reason: ByteString?
    for selection in order.prefix(Self.trialCountMax) {
      switch interpreter.run(selection, of: menu, isUnlocked: true).result {
      case .success(let run):
        if case .boot = run.outcome { return nil }
      case .failure(let error): reason = reason ?? error.message
      }
    }
    return reason ?? "no entry names a kernel"
  }

  /// The log says which menus of GRUB legacy lose on the same disk.
  private func remarkLegacyMenus(on volumes: [VolumeSurvey<Device>], _ state: inout State) {
    guard let winner = state.menu?.file else { return }
    for volume in volumes {
      let place = volume.device == winner.device ? winner.path : winner.name
      for path in files(ConfigSearch.legacy, on: volume, &state) {
        state.remarks.append("\(volume.system.place): \(path) is there too; \(place) wins")
      }
    }
  }
}
