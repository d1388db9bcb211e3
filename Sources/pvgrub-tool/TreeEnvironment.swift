// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation

/// A world in which each directory of the host stands for the file system of a partition: the first
/// is `hd0,1`, the next `hd0,2`. Labels and identifiers are not known, so that a menu that searches
/// for one stays on the file system that it is on.
final class TreeEnvironment: MenuEnvironment {
  private static let loopCountMax = 64

  private let trees: [URL]
  private var loopNames: [ByteString] = []

  init(_ paths: [String]) {
    trees = paths.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() }
  }

  /// The menu that the directories have. The order is that of a disk's partitions: on each scripts
  /// of GRUB 2, configurations of syslinux, entries; and menus of GRUB legacy last. One that boots
  /// nothing is passed over if there is another.
  func findMenu() throws(MenuError) -> Menu {
    let interpreter = MenuInterpreter(environment: self)
    var failure = MenuError.unreadable(MenuFile(device: "", path: "/boot/grub/grub.cfg"))
    var useless: Menu?
    func usable(_ load: () throws(MenuError) -> Menu) -> Menu? {
      do throws(MenuError) {
        let menu = try load()
        if boots(menu, interpreter) { return menu }
        useless = useless ?? menu
      } catch {
        if case .unreadable = failure { failure = error }
      }
      return nil
    }
    let devices = trees.indices.map { deviceNames()[$0] }
    for device in devices {
      let paths = ConfigSearch.scripts + firmwareScripts(on: device) + ConfigSearch.syslinux
      for file in files(paths, on: device) {
        if let menu = usable({ () throws(MenuError) in try interpreter.load(file) }) { return menu }
      }
      let others = devices.filter { $0 != device }
      if hasEntries(device),
        let menu = usable({ () throws(MenuError) in
          try interpreter.bootLoaderMenu(devices: [device] + others)
        })
      {
        return menu
      }
    }
    for device in devices {
      for file in files(ConfigSearch.legacy, on: device) {
        if let menu = usable({ () throws(MenuError) in try interpreter.load(file) }) { return menu }
      }
    }
    if let useless { return useless }
    throw failure
  }

  private func files(_ paths: [ByteString], on device: ByteString) -> [MenuFile] {
    paths.map { MenuFile(device: device, path: $0) }.filter {
      if case .file? = kind(of: $0) { return true }
      return false
    }
  }

  private func hasEntries(_ device: ByteString) -> Bool {
    ConfigSearch.entryDirectories.contains {
      kind(of: MenuFile(device: device, path: $0)) == .directory
    }
  }

  private func firmwareScripts(on device: ByteString) -> [ByteString] {
    let directory = MenuFile(device: device, path: ConfigSearch.firmwareDirectory)
    let names = names(inDirectory: directory) { $0.bytes.first != 0x2e }?.names ?? []
    return names.prefix(ConfigSearch.firmwareDirectoryCountMax).map {
      "\(ConfigSearch.firmwareDirectory)/\($0)/grub.cfg"
    }
  }

  /// Whether the default or one of the first entries boots something.
  private func boots(_ menu: Menu, _ interpreter: MenuInterpreter<TreeEnvironment>) -> Bool {
    var selections = menu.defaultSelection.map { [$0] } ?? []
    selections += menu.entries.indices.prefix(16).map { Menu.Selection(index: $0) }
    return selections.contains { selection in
      guard case .success(let run) = interpreter.run(selection, of: menu, isUnlocked: true).result,
        case .boot = run.outcome
      else { return false }
      return true
    }
  }

  private func url(_ file: MenuFile) -> URL? {
    var index = 0
    if !file.device.isEmpty {
      guard let name = DeviceName(file.device), name.disk == .hardDisk(0) else { return nil }
      index = Int(name.partition?.number ?? 1) - 1
    }
    guard trees.indices.contains(index) else { return nil }
    // A link is followed inside of the tree only: an absolute one starts at the tree's root.
    var result = trees[index]
    var rest = Array(file.path.text.split(separator: "/").map(String.init).reversed())
    var linkCount = 0
    while let name = rest.popLast() {
      if name == "." { continue }
      if name == ".." {
        if result != trees[index] { result.deleteLastPathComponent() }
        continue
      }
      let next = result.appendingPathComponent(name)
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: next.path) {
        linkCount += 1
        if linkCount > 40 { return nil }
        if target.hasPrefix("/") { result = trees[index] }
        rest += target.split(separator: "/").map(String.init).reversed()
      } else {
        result = next
      }
    }
    return result
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    guard case .file(let byteCount)? = kind(of: file), byteCount <= UInt64(byteCountMax),
      let path = url(file)?.path, let data = FileManager.default.contents(atPath: path)
    else { return nil }
    return ByteString([UInt8](data))
  }

  func kind(of file: MenuFile) -> MenuFileKind? {
    guard let path = url(file)?.path,
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    else { return nil }
    switch attributes[.type] as? FileAttributeType {
    case .typeDirectory?: return .directory
    case .typeRegular?:
      return .file(byteCount: (attributes[.size] as? NSNumber)?.uint64Value ?? 0)
    default: return nil
    }
  }

  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    guard let path = url(file)?.path, let device = ImageFile(path: path, name: file.name) else {
      return []
    }
    let size = device.byteCount
    let located = LocatedFile(
      name: file.name,
      source: .extents([.run(byteOffset: 0, byteCount: size)], on: Volume(whole: device)),
      byteCount: size)
    // A broken image is passed over, as on a disk.
    return (try? UnifiedKernelFile(located)?.texts()) ?? []
  }

  func modificationTime(of file: MenuFile) -> Int64? {
    guard let path = url(file)?.path,
      let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let date = attributes[.modificationDate] as? Date
    else { return nil }
    return Int64(date.timeIntervalSince1970)
  }

  func device(having key: SearchKey) -> ByteString? {
    guard case .file(let path) = key else { return nil }
    return deviceNames().first { kind(of: MenuFile(device: $0, path: path)) != nil }
  }

  func visitNames(
    inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool
  ) -> Bool {
    guard let path = url(directory)?.path,
      let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    else { return false }
    for name in names.sorted() where !visit(ByteString(name)) { break }
    return true
  }

  func deviceNames() -> [ByteString] { trees.indices.map { "hd0,\($0 + 1)" } + loopNames }

  /// What is inside of an image is not looked at: an entry may name files there, but a menu there
  /// is not found.
  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool {
    guard case .file? = kind(of: file), loopNames.count < TreeEnvironment.loopCountMax else {
      return false
    }
    if !loopNames.contains(name) { loopNames.append(name) }
    return true
  }

  func removeLoopDevice(name: ByteString) -> Bool {
    guard let index = loopNames.firstIndex(of: name) else { return false }
    loopNames.remove(at: index)
    return true
  }
}
