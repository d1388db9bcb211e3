// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes

extension MenuSearch {
  /// `/EFI/NAME/grub.cfg` of an EFI system partition: a few lines that go on with the menu of
  /// another partition.
  func firmwareScripts(on volume: GuestDisks<Device>.Position) -> [ByteString] {
    let directory = MenuFile(
      device: environment.disks.name(of: volume), path: ConfigSearch.firmwareDirectory)
    guard let names = environment.names(inDirectory: directory) else { return [] }
    var result: [ByteString] = []
    for name in names.sorted() where name.bytes.first != 0x2e {
      guard result.count < ConfigSearch.firmwareDirectoryCountMax else { break }
      result.append("\(ConfigSearch.firmwareDirectory)/\(name)/grub.cfg")
    }
    return result
  }

  /// Scripts one and two levels down, as the loader of a system in a subvolume has them: `@root`,
  /// `arch/@`. The directories of a system itself are left out.
  func nestedScripts(on volume: GuestDisks<Device>.Position) -> [ByteString] {
    let device = environment.disks.name(of: volume)
    let top = directories(in: MenuFile(device: device, path: ""))
    var result: [ByteString] = []
    for directory in top { addScripts(below: directory, to: &result) }
    for directory in top {
      for inner in directories(in: directory) { addScripts(below: inner, to: &result) }
    }
    return result
  }

  private func directories(in directory: MenuFile) -> [MenuFile] {
    let place = MenuFile(device: directory.device, path: "\(directory.path)/")
    let names = (environment.names(inDirectory: place) ?? []).filter {
      $0.bytes.first != 0x2e && !$0.isWord(of: ConfigSearch.systemDirectories)
    }
    return names.sorted().prefix(ConfigSearch.nestedDirectoryCountMax).map {
      MenuFile(device: directory.device, path: "\(place.path)\($0)")
    }.filter { environment.kind(of: $0) == .directory }
  }

  private func addScripts(below directory: MenuFile, to result: inout [ByteString]) {
    for name in ConfigSearch.nestedScripts {
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
      if case .file? = environment.kind(of: file) { result.append(file.path) }
    }
  }

  private func hasEntries(_ volume: GuestDisks<Device>.Position) -> Bool {
    let device = environment.disks.name(of: volume)
    return ConfigSearch.entryDirectories.contains {
      environment.kind(of: MenuFile(device: device, path: $0)) == .directory
    }
  }

  /// Tries the entries of a volume, with those of the other volumes of its disk: the specification
  /// has two partitions, an EFI system partition with `loader.conf` and a larger one.
  func tryEntries(
    of volume: GuestDisks<Device>.Position, among volumes: [GuestDisks<Device>.Position],
    _ state: inout State
  ) {
    guard state.menu == nil, hasEntries(volume), let system = environment.disks[volume].fileSystem
    else { return }
    let device = environment.disks.name(of: volume)
    var devices = [device]
    for other in volumes where other != volume {
      let name = environment.disks.name(of: other)
      let file = MenuFile(device: name, path: "/loader/loader.conf")
      if hasEntries(other) || environment.kind(of: file) != nil { devices.append(name) }
    }
    do throws(MenuError) {
      take(try interpreter.bootLoaderMenu(devices: devices), at: system.place, &state)
    } catch {
      state.remarks.append(BootError(error).at(system.place).message)
    }
  }

  /// A loader of the guest's own on one of some volumes.
  func guestLoader(on volumes: [GuestDisks<Device>.Position]) -> MenuFile? {
    for volume in volumes {
      for path in ConfigSearch.guestLoaders {
        let file = MenuFile(device: environment.disks.name(of: volume), path: path)
        if case .file? = environment.kind(of: file) { return file }
      }
    }
    return nil
  }

  /// Makes a loader of the guest's own the menu where nothing else was found. A menu that is there
  /// is mostly the one that this loader would read, with fewer kernels that it can start.
  func use(_ loader: MenuFile, _ state: inout State) {
    if let menu = state.menu {
      state.remarks.append("\(loader.name) is there too; \(menu.file.name) wins")
      return
    }
    let text: ByteString = """
      set timeout=0
      menuentry 'boot loader of the guest' {
        multiboot \(loader.name) \(state.loaderOptions)
      }

      """
    do throws(MenuError) {
      state.menu = try interpreter.menu(text, file: loader, format: .grub2)
    } catch { state.remarks.append(error.message) }
  }
}
