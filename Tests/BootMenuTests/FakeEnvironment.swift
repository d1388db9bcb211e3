// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// A world of a few devices and files.
final class FakeEnvironment: RescueEnvironment {
  struct Device {
    var name: ByteString
    var uuid: ByteString = ""
    var label: ByteString = ""
    var partitionUUID: ByteString = ""
    var partitionLabel: ByteString = ""
  }

  var devices: [Device] = []
  var files: [(file: MenuFile, contents: ByteString)] = []

  init(devices: [Device] = [], files: [(String, String)] = []) {
    self.devices = devices
    for (name, contents) in files { add(name, contents) }
  }

  func add(_ name: String, _ contents: String) {
    guard let file = MenuFile(ByteString(name), root: "") else { return }
    files.append((file, ByteString(contents)))
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    let place = behindLoop(file)
    guard let found = files.first(where: { $0.file == place }) else { return nil }
    return found.contents.count <= byteCountMax ? found.contents : nil
  }

  func kind(of file: MenuFile) -> MenuFileKind? {
    if let found = contents(of: file, byteCountMax: .max) {
      return .file(byteCount: UInt64(found.count))
    }
    return names(inDirectory: file) == nil ? nil : .directory
  }

  func device(having key: SearchKey) -> ByteString? {
    switch key {
    case .fileSystemUUID(let uuid):
      devices.first { $0.uuid.lowercased == uuid.lowercased }?.name
    case .partitionUUID(let uuid):
      devices.first { $0.partitionUUID.lowercased == uuid.lowercased }?.name
    case .partitionLabel(let label): devices.first { $0.partitionLabel == label }?.name
    case .label(let label): devices.first { $0.label == label }?.name
    case .file(let path):
      devices.first { kind(of: MenuFile(device: $0.name, path: path)) != nil }?.name
    }
  }

  func names(inDirectory directory: MenuFile) -> [ByteString]? {
    let prefix = directory.path.hasSuffix("/") ? directory.path : directory.path + "/"
    let device = behindLoop(directory).device
    let inside = files.filter { $0.file.device == device && $0.file.path.hasPrefix(prefix) }
    if inside.isEmpty { return nil }
    var names: [ByteString] = []
    for found in inside {
      guard let name = found.file.path.dropFirst(prefix.count).split(on: 0x2f).first,
        !names.contains(name)
      else { continue }
      names.append(name)
    }
    return names
  }

  /// Unified kernel images: their names, and what they say about themselves.
  var unifiedKernels: [(file: MenuFile, texts: [UnifiedKernelText])] = []

  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    unifiedKernels.first { $0.file == file }?.texts ?? []
  }

  func property(_ property: DeviceProperty, of device: ByteString) -> ByteString? {
    guard let found = devices.first(where: { $0.name == device }) else { return nil }
    switch property {
    case .driver: return "fake"
    case .partitionMap, .fileSystem: return nil
    case .fileSystemUUID: return found.uuid
    case .label: return found.label
    case .partitionUUID: return found.partitionUUID
    }
  }

  func deviceNames() -> [ByteString] { devices.map { $0.name } + loops.map { $0.name } }

  /// The loop devices. What is in the image `/x.iso` is among the files as `(/x.iso!)/...`.
  private(set) var loops: [(name: ByteString, file: MenuFile)] = []

  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool {
    guard case .file? = kind(of: file) else { return false }
    _ = removeLoopDevice(name: name)
    loops.append((name, file))
    return true
  }

  func removeLoopDevice(name: ByteString) -> Bool {
    let count = loops.count
    loops.removeAll { $0.name == name }
    return loops.count < count
  }

  /// How the world of a person's commands is: pieces that may be read until Ctrl-C, a clock that
  /// goes on a second at each look, memory, and xenstore as paths and values.
  var looksUntilInterrupt = Int.max
  var seconds: UInt64 = 0
  var memory: [MemoryRange] = []
  var store: [(path: ByteString, value: ByteString)] = []
  var parts: [StoredPart] = []
  var fileSystemNames: [String: String] = [:]

  func isInterrupted() -> Bool {
    looksUntilInterrupt -= 1
    return looksUntilInterrupt < 0
  }

  func nanoseconds() -> UInt64? {
    seconds += 1
    return seconds * 1_000_000_000
  }

  func memoryMap() -> [MemoryRange] { memory }

  func bytes(
    of file: MenuFile, at byteOffset: UInt64, countMax: Int
  ) throws(RescueFailure) -> ByteString {
    guard let found = contents(of: file, byteCountMax: .max) else {
      throw RescueFailure("fake: \(file.name): not found")
    }
    return ByteString(found.bytes.dropFirst(Int(byteOffset)).prefix(countMax))
  }

  func storedParts(of file: MenuFile) throws(RescueFailure) -> [StoredPart] { parts }

  func failure(of file: MenuFile) -> ByteString? {
    kind(of: file) == nil ? "fake: \(file.name): not found" : nil
  }

  func fileSystemName(ofDevice device: ByteString) -> ByteString? {
    fileSystemNames[device.text].map { ByteString($0) }
  }

  func byteCount(ofDevice device: ByteString) -> UInt64? { 64 << 20 }

  func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    let prefix = path.isEmpty ? path : path + "/"
    var names: [ByteString] = []
    for node in store where node.path.hasPrefix(prefix) && node.path != path {
      let name = node.path.dropFirst(prefix.count).split(on: 0x2f).first ?? ""
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
    guard let node = store.first(where: { $0.path == path }) else {
      throw RescueFailure("fake: \(path): ENOENT")
    }
    return node.value
  }

  private func behindLoop(_ file: MenuFile) -> MenuFile {
    guard let loop = loops.first(where: { $0.name == file.device }) else { return file }
    return MenuFile(device: loop.file.path + "!", path: file.path)
  }
}

/// A menu of GRUB 2 in `/boot/grub/grub.cfg` on the root device.
func scriptMenu(
  _ text: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> Menu {
  let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
  return try MenuInterpreter(environment: environment)
    .menu(ByteString(text), file: file, format: .grub2)
}

/// A menu of GRUB legacy in `/boot/grub/menu.lst` on the root device.
func legacyMenu(
  _ text: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> Menu {
  let file = MenuFile(device: "", path: "/boot/grub/menu.lst")
  return try MenuInterpreter(environment: environment)
    .menu(ByteString(text), file: file, format: .legacy)
}

/// What an entry boots.
func target(
  _ index: Int, of menu: Menu, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> BootTarget {
  let run = try MenuInterpreter(environment: environment).run(index, of: menu)
  guard case .boot(let target) = run.outcome else {
    throw .noKernel(title: menu.entries[index].title)
  }
  return target
}

/// What a script prints.
func printed(
  _ script: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> String {
  try scriptMenu(script + "\nmenuentry end {\ntrue\n}\n", in: environment).output.text
}
