// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes

/// The guest's disks as menus see them.
public final class GuestEnvironment<Device: BlockDevice>: RescueEnvironment {
  /// The disks.
  public private(set) var disks: GuestDisks<Device>
  /// The last files that could not be made disks, and why.
  private var refusedLoopbacks: [UnavailableVolume] = []

  /// The domain, for the command line; nil in the host program.
  public var machine: (any MachineFacts)?
  /// What is to be saved and is not written yet.
  var pendingVariables: [BootTarget.SavedVariable] = []
  /// The identifiers of partitions of which a try was taken, once for each.
  var takenTries: [ByteString] = []
  /// The directories that lead to subvolumes.
  var subvolumeMounts: [SubvolumeMount] = []
  /// The files that were read in pieces last: two, for those who compare.
  var lastFiles: [(file: MenuFile, located: LocatedFile<Device>)] = []

  /// What pays for the work of menus and disks.
  public let work: WorkAccount

  /// The environment of `disks`.
  public init(_ disks: GuestDisks<Device>, work: WorkAccount? = nil) {
    self.disks = disks
    self.work = work ?? disks.disks.first?.whole.work ?? WorkAccount()
  }

  /// The file system that `device` stands for; the empty name is the first one of all.
  public func fileSystem(
    _ device: ByteString
  ) throws(BootError) -> MountedFileSystem<Device> {
    guard let position = device.isEmpty ? disks.firstMounted : disks.position(named: device) else {
      throw noDevice(device)
    }
    let volume = disks[position]
    if let fileSystem = volume.fileSystem { return fileSystem }
    throw volume.failure ?? disks.disks[position.disk].failure
      ?? BootError(.unsupported, "\(volume.volume.name): no file system that is known here")
  }

  /// Why a device can't be used: nothing has that name, or something is wrong with it.
  func noDevice(_ device: ByteString) -> BootError {
    let disk = device.split(on: 0x2c).first ?? device
    return refusedLoopbacks.last(where: { $0.names.contains(disk) })?.failure
      ?? disks.failure(of: device)
      ?? BootError(
        .wrongRequest,
        device.isEmpty ? "no file system on any disk" : "(\(device)): no such disk or partition")
  }

  /// Where the contents of `file` are. Throws if they can't be read.
  public func locate(_ file: MenuFile) throws(BootError) -> LocatedFile<Device> {
    if let list = BlockList(file.path) { return try locate(list, on: file.device) }
    let system = try fileSystem(file.device)
    return try system.locate(path(of: file, in: system))
  }

  /// Reads a menu's file for the error that it gives.
  func read(_ file: MenuFile) throws(BootError) {
    _ = try bytes(of: file, byteCountMax: MenuLimits.fileByteCountMax)
  }

  /// The contents of a small file; nil if it can't be read.
  public func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    do throws(BootError) {
      return ByteString(try bytes(of: file, byteCountMax: byteCountMax))
    } catch { return nil }
  }

  private func bytes(of file: MenuFile, byteCountMax: Int) throws(BootError) -> [UInt8] {
    guard let list = BlockList(file.path) else {
      let system = try fileSystem(file.device)
      return try system.contents(path(of: file, in: system), limit: byteCountMax)
    }
    let located = try locate(list, on: file.device)
    guard located.byteCount <= UInt64(byteCountMax) else {
      throw BootError(.wrongRequest, "\(located.name): over \(byteCountMax) bytes")
    }
    return try located.bytes(at: 0, countMax: byteCountMax)
  }

  /// What is to be saved in a file and is not written yet.
  public func pendingVariables(of file: MenuFile) -> [BootTarget.SavedVariable] {
    pendingVariables.filter { $0.file == file }
  }

  /// Notes what `save` is going to be asked for.
  public func expectSave(of variables: [BootTarget.SavedVariable]) {
    pendingVariables += variables
  }

  /// What a path stands for; nil if there is nothing.
  public func kind(of file: MenuFile) -> MenuFileKind? {
    do throws(BootError) {
      if BlockList(file.path) != nil { return .file(byteCount: try locate(file).byteCount) }
      let system = try fileSystem(file.device)
      switch try system.kind(path(of: file, in: system)) {
      case .file(let byteCount): return .file(byteCount: byteCount)
      case .directory: return .directory
      case .other: return nil
      }
    } catch { return nil }
  }

  /// GRUB's name of the first volume that has what is looked for.
  public func device(having key: SearchKey) -> ByteString? {
    for disk in disks.disks.indices {
      for position in disks.mounted(on: disk) {
        let volume = disks[position]
        guard let system = volume.fileSystem else { continue }
        if has(key, volume, system) { return disks.name(of: position) }
      }
    }
    return nil
  }

  /// GRUB's name of the first volume that has what is looked for, with those of a menu's hints
  /// before all others: a copy of a disk has the identifiers of the other.
  public func device(having key: SearchKey, preferring hints: [ByteString]) -> ByteString? {
    for hint in hints {
      guard let position = disks.position(named: hint), let system = disks[position].fileSystem,
        has(key, disks[position], system)
      else { continue }
      return disks.name(of: position)
    }
    return device(having: key)
  }

  /// What a menu may ask about a volume.
  public func property(_ property: DeviceProperty, of device: ByteString) -> ByteString? {
    guard let position = disks.position(named: device) else { return nil }
    let volume = disks[position]
    let answer: ByteString?
    switch property {
    case .driver: answer = driver(of: disks.disks[position.disk])
    case .partitionMap: answer = volume.schemeName.isEmpty ? "none" : volume.schemeName
    case .fileSystem:
      answer = volume.fileSystem.map { $0.formatName.hasPrefix("ext") ? "ext2" : $0.formatName }
    case .fileSystemUUID: answer = volume.fileSystem?.uuid
    case .label: answer = volume.fileSystem?.label
    case .partitionUUID: answer = volume.partitionIdentifier
    }
    return answer.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// GRUB's name for the kind of a disk.
  private func driver(of disk: GuestDisk<Device>) -> ByteString {
    switch disk.kind {
    case .hardDisk, .opticalDisk: "xen"
    case .assembled: "diskfilter"
    case .loopback: "loopback"
    }
  }

  /// When a file was changed last; nil if there is none.
  public func modificationTime(of file: MenuFile) -> Int64? {
    do throws(BootError) {
      let system = try fileSystem(file.device)
      return try system.modificationTime(path(of: file, in: system))
    } catch { return nil }
  }

  private func has(
    _ key: SearchKey, _ volume: GuestVolume<Device>, _ system: MountedFileSystem<Device>
  ) -> Bool {
    switch key {
    case .fileSystemUUID(let uuid):
      return system.hasUUID(uuid)
    case .label(let label): return system.hasLabel(label)
    case .partitionUUID(let uuid):
      return !uuid.isEmpty && volume.partitionIdentifier.lowercased == uuid.lowercased
    case .partitionLabel(let label): return !label.isEmpty && volume.partitionLabel == label
    case .file(let path):
      do throws(BootError) {
        if case .file = try system.kind(Self.absolute(path)) { return true }
      } catch {}
      system.emptyCache()
      return false
    }
  }

  /// Goes through the names in a directory; false if it is none, or can't be read.
  public func visitNames(
    inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool
  ) -> Bool {
    do throws(BootError) {
      let system = try fileSystem(directory.device)
      try system.visitNames(path(of: directory, in: system), visit)
      return true
    } catch { return false }
  }

  /// Goes through files of a directory, reading that once. False if there is none.
  public func visitFiles(
    inDirectory directory: MenuFile, byteCountMax: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) -> Bool {
    do throws(BootError) {
      let system = try fileSystem(directory.device)
      try system.visitFiles(
        in: path(of: directory, in: system), limit: byteCountMax, wants: wants, visit: visit)
      return true
    } catch { return false }
  }

  /// The names of all disks and partitions.
  public func deviceNames() -> [ByteString] {
    var result: [ByteString] = []
    for (diskIndex, disk) in disks.disks.enumerated() {
      for index in disk.volumes.indices {
        result.append(disks.name(of: .init(disk: diskIndex, volume: index)))
      }
    }
    return result
  }

  /// As in GRUB, a path without a leading slash starts at the root.
  static func absolute(_ path: ByteString) -> ByteString {
    path.hasPrefix("/") ? path : "/" + path
  }

  /// Makes a disk out of a file, with partitions and file systems, in place of one of that name.
  public func addLoopDevice(name: ByteString, file: MenuFile) -> Bool {
    refusedLoopbacks.removeAll { $0.names.contains(name) }
    lastFiles = []
    do throws(BootError) {
      guard disks.addLoopback(name, try LoopbackFile.volume(name, try locate(file))) else {
        throw BootError(.wrongRequest, "(\(name)): the name is taken, or there are too many")
      }
      return true
    } catch {
      if refusedLoopbacks.count == VolumeStackLimits.loopbackCountMax {
        refusedLoopbacks.removeFirst()
      }
      refusedLoopbacks.append(UnavailableVolume(names: [name], failure: error))
      return false
    }
  }

  /// Removes a disk that was made out of a file.
  public func removeLoopDevice(name: ByteString) -> Bool {
    lastFiles = []
    return disks.removeLoopback(name)
  }
}
