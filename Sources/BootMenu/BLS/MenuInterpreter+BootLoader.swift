// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension MenuInterpreter {
  /// The menu made of the entry files and unified kernel images on some devices (Boot Loader
  /// Specification), with the `loader.conf` of the first device that has one. It is on the first
  /// device. Throws if there are no entries.
  public func bootLoaderMenu(devices: [ByteString]) throws(MenuError) -> Menu {
    var file = MenuFile(device: devices.first ?? "", path: "/loader/entries")
    var configuration: LoaderConfiguration?
    let work = MenuWork(environment.work)
    for device in devices where configuration == nil {
      for path: ByteString in ["/loader/loader.conf", "/boot/loader/loader.conf"] {
        let candidate = MenuFile(device: device, path: path)
        let limit = MenuLimits.entryFileByteCountMax
        guard let text = environment.contents(of: candidate, byteCountMax: limit) else { continue }
        _ = work.pay(.textBytes, text.count)
        configuration = LoaderConfiguration(text)
        file = candidate
        break
      }
    }
    var menu = Menu(file: file, format: .bls)
    BootLoaderMenu(environment: environment, work: work)
      .fill(&menu, devices: devices, configuration: configuration)
    try work.check(MenuPlace(file: file.name, line: 1))
    guard !menu.entries.isEmpty else { throw .noEntries(file) }
    return menu
  }

  /// Adds the entry that a text is, or the entries beside it if it is a `loader.conf`.
  func fillWithEntries(_ menu: inout Menu, from text: ByteString, _ work: MenuWork) {
    guard work.pay(.textBytes, text.count) else { return }
    let maker = BootLoaderMenu(environment: environment, work: work)
    if menu.file.path.hasSuffix("/loader.conf") {
      maker.fill(
        &menu, devices: [menu.file.device], configuration: LoaderConfiguration(text))
    } else {
      maker.fill(&menu, fromEntry: text)
    }
  }

  /// Runs an entry: its file's text, as it is in the entry.
  func bootLoaderEntry(_ entry: BootEntry, of menu: Menu) throws(MenuError) -> EntryRun {
    // The kernel is on the device that the entry's file is on.
    let file = MenuFile(entry.place.file, root: menu.file.device) ?? menu.file
    let work = MenuWork(environment.work)
    _ = work.pay(.commands) && work.pay(.textBytes, entry.body.count)
    let found = EntryFile(entry.source, .systemdBoot)
      .boot(EntryVariables(menu.context, work), keepsUnset: true)
    try work.check(entry.place)
    guard let boot = found else { throw .noKernel(title: entry.title) }
    var prefix: ByteString = ""
    if file.path.hasPrefix("/boot/"), !boot.kernel.hasPrefix("/boot/"),
      environment.kind(of: MenuFile(device: file.device, path: boot.kernel)) == nil,
      environment.kind(of: MenuFile(device: file.device, path: "/boot" + boot.kernel)) != nil
    {
      // Written for a /boot that was a partition of its own.
      prefix = "/boot"
    }
    var target = BootTarget(
      kind: .linux, kernel: MenuFile(device: file.device, path: prefix + boot.kernel),
      commandLine: boot.options)
    target.root = file.device
    guard boot.initrds.count <= MenuLimits.payloadCountMax else {
      throw .commandFailed(title: entry.title, reason: "too many initial ramdisks")
    }
    target.initrds = boot.initrds.map { name in
      // A path on a device of its own is what GRUB's environment block may hold.
      name.hasPrefix("(")
        ? MenuFile(name, root: file.device) ?? file
        : MenuFile(device: file.device, path: prefix + name)
    }
    return EntryRun(outcome: .boot(target), warnings: [], output: "")
  }
}
