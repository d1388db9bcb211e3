// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes

extension MenuSearch {
  /// Scripts one and two levels down, as the loader of a system in a subvolume has them: `@root`,
  /// `arch/@`. The directories of a system itself are left out.
  func nestedScripts(on volume: VolumeSurvey<Device>) -> [ByteString] {
    let root = MenuFile(device: volume.device, path: "")
    let top = directories(volume.topNames, in: root)
    var result: [ByteString] = []
    for directory in top { addScripts(below: directory, on: volume, to: &result) }
    for directory in top {
      let place = MenuFile(device: volume.device, path: "\(directory.path)/")
      let found = environment.names(inDirectory: place) {
        $0.bytes.first != 0x2e && !$0.isWord(of: ConfigSearch.systemDirectories)
      }
      for inner in directories((found?.names ?? []).sorted(), in: directory) {
        addScripts(below: inner, on: volume, to: &result)
      }
    }
    return result
  }

  private func directories(_ names: [ByteString], in directory: MenuFile) -> [MenuFile] {
    names.prefix(ConfigSearch.nestedDirectoryCountMax).map {
      MenuFile(device: directory.device, path: "\(directory.path)/\($0)")
    }.filter { environment.kind(of: $0) == .directory }
  }

  private func addScripts(
    below directory: MenuFile, on volume: VolumeSurvey<Device>, to result: inout [ByteString]
  ) {
    for name in ConfigSearch.nestedScripts {
      let path: ByteString = "\(directory.path)/\(name)"
      if volume.file(path) != nil { result.append(path) }
    }
  }

  /// Tries the entries of a volume, with those of the other volumes of its disk: the specification
  /// has two partitions, an EFI system partition with `loader.conf` and a larger one.
  func tryEntries(
    of volume: VolumeSurvey<Device>, among volumes: [VolumeSurvey<Device>], _ state: inout State
  ) {
    guard state.menu == nil, volume.hasEntries, state.entryTrialCount < Self.entryTrialCountMax
    else { return }
    state.entryTrialCount += 1
    var devices = [volume.device]
    for other in volumes where other !== volume && other.hasEntriesOrConfiguration {
      devices.append(other.device)
    }
    let scopes = volume.system.beginPart()
    defer { volume.system.endPart(scopes) }
    do throws(MenuError) {
      take(try interpreter.bootLoaderMenu(devices: devices), at: volume.system.place, &state)
    } catch {
      state.remarks.append(BootError(error).at(volume.system.place).message)
    }
  }

  /// A loader of the guest's own on one of some volumes.
  func guestLoader(on volumes: [VolumeSurvey<Device>]) -> MenuFile? {
    for volume in volumes {
      for path in ConfigSearch.guestLoaders where volume.file(path) != nil {
        return MenuFile(device: volume.device, path: path)
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
