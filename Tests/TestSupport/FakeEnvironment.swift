// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// A world of a few devices and files.
package final class FakeEnvironment: RescueEnvironment {
  package struct Device {
    package var name: ByteString
    package var uuid: ByteString = ""
    package var label: ByteString = ""
    package var partitionUUID: ByteString = ""
    package var partitionLabel: ByteString = ""

    package init(
      name: ByteString, uuid: ByteString = "", label: ByteString = "",
      partitionUUID: ByteString = "", partitionLabel: ByteString = ""
    ) {
      self.name = name
      self.uuid = uuid
      self.label = label
      self.partitionUUID = partitionUUID
      self.partitionLabel = partitionLabel
    }
  }

  package var devices: [Device] = []
  /// What pays for the work that menus make; nobody does unless a test says so.
  package var work = WorkAccount()
  package var files: [(file: MenuFile, contents: ByteString)] = []

  package init(devices: [Device] = [], files: [(String, String)] = []) {
    self.devices = devices
    for (name, contents) in files { add(name, contents) }
  }

  package func add(_ name: String, _ contents: String) {
    guard let file = MenuFile(ByteString(name), root: "") else { return }
    files.append((file, ByteString(contents)))
  }

  package func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    let place = behindLoop(file)
    guard let found = files.first(where: { $0.file == place }) else { return nil }
    return found.contents.count <= byteCountMax ? found.contents : nil
  }

  package func kind(of file: MenuFile) -> MenuFileKind? {
    if let found = contents(of: file, byteCountMax: .max) {
      return .file(byteCount: UInt64(found.count))
    }
    return allNames(inDirectory: file) == nil ? nil : .directory
  }

  package func device(having key: SearchKey) -> ByteString? {
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

  package func visitNames(
    inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool
  ) -> Bool {
    guard let names = allNames(inDirectory: directory) else { return false }
    for name in names where !visit(name) { break }
    return true
  }

  private func allNames(inDirectory directory: MenuFile) -> [ByteString]? {
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
  package var unifiedKernels: [(file: MenuFile, texts: [UnifiedKernelText])] = []

  package func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    unifiedKernels.first { $0.file == file }?.texts ?? []
  }

  /// What a session told to be saved.
  package private(set) var pending: [BootTarget.SavedVariable] = []

  package func pendingVariables(of file: MenuFile) -> [BootTarget.SavedVariable] {
    pending.filter { $0.file == file }
  }

  package func expectSave(of variables: [BootTarget.SavedVariable]) { pending += variables }

  /// The systems of a disk that is asked for the next: device, and what it says.
  package var slots: [(disk: ByteString, slot: BootSlot)] = []

  package func nextSlot(ofDisk disk: ByteString, taken: [ByteString]) -> BootSlot? {
    slots.first { $0.disk == disk }?.slot
  }

  package func property(_ property: DeviceProperty, of device: ByteString) -> ByteString? {
    guard let found = devices.first(where: { $0.name == device }) else { return nil }
    switch property {
    case .driver: return "fake"
    case .partitionMap, .fileSystem: return nil
    case .fileSystemUUID: return found.uuid
    case .label: return found.label
    case .partitionUUID: return found.partitionUUID
    }
  }

  package func deviceNames() -> [ByteString] { devices.map { $0.name } + loops.map { $0.name } }

  /// The loop devices. What is in the image `/x.iso` is among the files as `(/x.iso!)/...`.
  package private(set) var loops: [(name: ByteString, file: MenuFile)] = []

  package func addLoopDevice(name: ByteString, file: MenuFile) -> Bool {
    guard case .file? = kind(of: file) else { return false }
    _ = removeLoopDevice(name: name)
    loops.append((name, file))
    return true
  }

  package func removeLoopDevice(name: ByteString) -> Bool {
    let count = loops.count
    loops.removeAll { $0.name == name }
    return loops.count < count
  }

  /// How the world of a person's commands is: pieces that may be read until Ctrl-C, a clock that
  /// goes on a second at each look, memory, and xenstore as paths and values.
  package var looksUntilInterrupt = Int.max
  package var seconds: UInt64 = 0
  package var memory: [MemoryRange] = []
  package var store: [(path: ByteString, value: ByteString)] = []
  package var parts: [StoredPart] = []
  package var fileSystemNames: [String: String] = [:]

  package func isInterrupted() -> Bool {
    looksUntilInterrupt -= 1
    return looksUntilInterrupt < 0
  }

  package func nanoseconds() -> UInt64? {
    seconds += 1
    return seconds * 1_000_000_000
  }

  package func memoryMap() -> [MemoryRange] { memory }

  package func bytes(
    of file: MenuFile, at byteOffset: UInt64, countMax: Int
  ) throws(RescueFailure) -> ByteString {
    guard let found = contents(of: file, byteCountMax: .max) else {
      throw RescueFailure("fake: \(file.name): not found")
    }
    return ByteString(found.bytes.dropFirst(Int(byteOffset)).prefix(countMax))
  }

  package func storedParts(of file: MenuFile) throws(RescueFailure) -> [StoredPart] { parts }

  package func failure(of file: MenuFile) -> ByteString? {
    kind(of: file) == nil ? "fake: \(file.name): not found" : nil
  }

  package func fileSystemName(ofDevice device: ByteString) -> ByteString? {
    fileSystemNames[device.text].map { ByteString($0) }
  }

  package func byteCount(ofDevice device: ByteString) -> UInt64? { 64 << 20 }

  package func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    let prefix = path.isEmpty ? path : path + "/"
    var names: [ByteString] = []
    for node in store where node.path.hasPrefix(prefix) && node.path != path {
      let name = node.path.dropFirst(prefix.count).split(on: 0x2f).first ?? ""
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  package func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
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
