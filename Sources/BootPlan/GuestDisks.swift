// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import BootMenu
public import Bytes
import Partitions

/// All disks of the guest, in the order of their virtual device numbers, and the names that menus
/// have for them.
public struct GuestDisks<Device: BlockDevice> {
  /// Where a volume is: the disk's index, and the volume's on it.
  public struct Position: Equatable, Sendable {
    /// The index in `disks`.
    public let disk: Int
    /// The index in the disk's `volumes`.
    public let volume: Int
  }

  /// The disks, after them the arrays and logical volumes on them, then files that are disks.
  public private(set) var disks: [GuestDisk<Device>]

  /// What an administrator should know of arrays and logical volumes: members left out, volumes
  /// that can't be read.
  public let remarks: [ByteString]

  /// Arrays and logical volumes that can't be read.
  private let unavailable: [UnavailableVolume]
  /// The identifiers of the arrays that can.
  private let assembledArrays: [ByteString]
  /// The names of the disks that are there from the beginning; files that are disks come after.
  private let deviceNames: NameIndex
  /// The names that they have beside these.
  private let ownNames: NameIndex
  private let firstLoopback: Int

  /// The given disks, and what stands on them.
  public init(_ disks: [GuestDisk<Device>]) {
    let stack = VolumeStack(disks)
    let joined = BtrfsDevices(stack.disks)
    self.disks = joined.disks
    unavailable = stack.unavailable
    assembledArrays = stack.assembledArrays
    remarks =
      stack.remarks + joined.remarks
      + stack.unavailable.prefix(VolumeStackLimits.remarkCountMax).map { $0.failure.message }
    firstLoopback = joined.disks.count
    deviceNames = NameIndex(joined.disks.map { $0.name })
    var names: [(name: ByteString, index: Int)] = []
    for (index, disk) in joined.disks.enumerated() {
      for name in disk.ownNames { names.append((name, index)) }
    }
    ownNames = NameIndex(names)
  }

  /// Every volume with a file system, in the order in which menus are looked for.
  public var mounted: [Position] {
    var result: [Position] = []
    for disk in disks.indices { result += mounted(on: disk) }
    return result
  }

  /// The first volume with a file system. Disks after it are not looked at.
  public var firstMounted: Position? {
    for disk in disks.indices {
      if let first = mounted(on: disk).first { return first }
    }
    return nil
  }

  /// The volumes of a disk with a file system. A partition that starts where its disk does, as in
  /// hybrid images, is the same one as on the whole disk. Members of a mirror that look like file
  /// systems are the mirror's.
  func mounted(on index: Int) -> [Position] {
    let volumes = disks[index].volumes
    var result: [Position] = []
    if isAssembledMember(volumes.first) { return result }
    let hasWhole = volumes.first?.fileSystem != nil
    for (volumeIndex, volume) in volumes.enumerated() where volume.fileSystem != nil {
      if volumeIndex > 0, hasWhole, volume.partitionByteOffset == 0 { continue }
      if isAssembledMember(volume) { continue }
      result.append(Position(disk: index, volume: volumeIndex))
    }
    return result
  }

  /// Whether a volume is a part of an array that is there.
  private func isAssembledMember(_ volume: GuestVolume<Device>?) -> Bool {
    guard case .array(let block)? = volume?.part else { return false }
    return assembledArrays.contains(block.identifier)
  }

  /// Makes a volume a disk of this name, in place of an older one. False if something else has
  /// the name, or there are too many.
  mutating func addLoopback(_ name: ByteString, _ volume: Volume<Device>) -> Bool {
    _ = removeLoopback(name)
    guard !name.isEmpty, position(named: name) == nil,
      disks.filter({ $0.isLoopback }).count < VolumeStackLimits.loopbackCountMax
    else { return false }
    disks.append(GuestDisk(volume, .loopback(name: name)))
    return true
  }

  /// Removes a disk that `addLoopback` made; false if there is none.
  mutating func removeLoopback(_ name: ByteString) -> Bool {
    guard let index = disks.firstIndex(where: { $0.kind == .loopback(name: name) }) else {
      return false
    }
    disks.remove(at: index)
    return true
  }

  /// The volume at a position.
  public subscript(position: Position) -> GuestVolume<Device> {
    disks[position.disk].volumes[position.volume]
  }

  /// GRUB's name for a volume: `hd0`, `hd0,msdos1`, `cd0`, `lvm/vg-root`.
  public func name(of position: Position) -> ByteString {
    let kind = disks[position.disk].kind
    let disk: ByteString
    switch kind {
    case .hardDisk: disk = "hd\(count(kind, before: position.disk))"
    case .opticalDisk: disk = "cd\(count(kind, before: position.disk))"
    case .assembled(let names): disk = names.first ?? ""
    case .loopback(let name): disk = name
    }
    let volume = self[position]
    guard let number = volume.partitionNumber else { return disk }
    return "\(disk),\(volume.schemeName)\(number)"
  }

  private func count(_ kind: GuestDisk<Device>.Kind, before index: Int) -> Int {
    var count = 0
    for disk in disks[..<index] where disk.kind == kind { count += 1 }
    return count
  }

  /// The volume that a menu's name stands for.
  ///
  /// Menus are often older than the disk they are on, so two names are taken in more than one way:
  /// a partition of a disk that has none, but a file system, is that file system (EC2's images say
  /// both `(hd0)` and `(hd0,0)`); and a whole disk that has partitions, but no file system, is the
  /// first partition with one.
  public func position(named text: ByteString) -> Position? {
    guard let name = DeviceName(text) else { return nil }
    if let found = position(of: name) { return found }
    if let partition = name.asPartitionOfDisk { return position(of: partition) }
    // `xen/xvda,msdos2` where the guest config attaches a file system as `xvda2`.
    guard case .named(let disk) = name.disk, let partition = name.partition else { return nil }
    let bare = DeviceName(disk: .named("\(disk)\(partition.number)"), partition: nil)
    return position(of: bare)
  }

  /// The volume that a name stands for when its sectors are meant: a whole disk is that alone,
  /// whatever it has.
  func blockPosition(named text: ByteString) -> Position? {
    if let name = DeviceName(text), name.partition == nil, let disk = diskIndex(name.disk) {
      return Position(disk: disk, volume: 0)
    }
    return position(named: text)
  }

  /// What is wrong with the volume, or with the partition table of the disk, that a menu's name is
  /// about.
  func failure(of text: ByteString) -> BootError? {
    guard let name = DeviceName(text) else { return nil }
    switch name.disk {
    case .named(let name), .other(let name):
      for volume in unavailable where volume.names.contains(name) { return volume.failure }
    case .hardDisk, .opticalDisk: break
    }
    guard
      let disk = diskIndex(name.disk) ?? name.asPartitionOfDisk.flatMap({ diskIndex($0.disk) })
    else { return nil }
    return disks[disk].failure
  }

  private func position(of name: DeviceName) -> Position? {
    guard let disk = diskIndex(name.disk) else { return nil }
    let volumes = disks[disk].volumes
    guard let partition = name.partition else {
      if volumes[0].fileSystem == nil,
        let first = volumes.firstIndex(where: { $0.fileSystem != nil })
      {
        return Position(disk: disk, volume: first)
      }
      return Position(disk: disk, volume: 0)
    }
    for (index, volume) in volumes.enumerated() {
      if let number = volume.partitionNumber, UInt64(number) == partition.number,
        matches(partition.scheme, volume.schemeName)
      {
        return Position(disk: disk, volume: index)
      }
    }
    let isBare = !disks[disk].isPartitioned && volumes[0].fileSystem != nil
    return isBare ? Position(disk: disk, volume: 0) : nil
  }

  private func matches(_ scheme: DeviceName.Scheme, _ name: ByteString) -> Bool {
    switch scheme {
    case .any: true
    case .mbr: name == "msdos"
    case .gpt: name == "gpt"
    }
  }

  private func diskIndex(_ disk: DeviceName.Disk) -> Int? {
    switch disk {
    case .hardDisk(let number): nth(number, .hardDisk)
    case .opticalDisk(let number): nth(number, .opticalDisk)
    case .named(let name):
      deviceNames.index(of: name) ?? loopback { $0.name == name } ?? ownName(name)
        ?? disks.firstIndex { Self.isSimilar($0.name, name) }
    case .other(let name): ownName(name)
    }
  }

  /// The disk with a name of its own, or the array that Linux numbers so: without a number of their
  /// own, arrays are counted down from 127.
  private func ownName(_ name: ByteString) -> Int? {
    if let index = ownNames.index(of: name) ?? loopback({ $0.ownNames.contains(name) }) {
      return index
    }
    guard name.hasPrefix("md"), let number = Numbers.decimal(name.dropFirst(2)), number <= 127
    else {
      return nil
    }
    var left = 127 - number
    for (index, disk) in disks.enumerated()
    where disk.ownNames.contains(where: { $0.hasPrefix("mduuid/") }) {
      if left == 0 { return index }
      left -= 1
    }
    return nil
  }

  /// The first file that is a disk and fits; there are few.
  private func loopback(_ fits: (GuestDisk<Device>) -> Bool) -> Int? {
    disks[firstLoopback...].firstIndex(where: fits)
  }

  private func nth(_ number: UInt64, _ kind: GuestDisk<Device>.Kind) -> Int? {
    var left = number
    for (index, disk) in disks.enumerated() where disk.kind == kind {
      if left == 0 { return index }
      left -= 1
    }
    return nil
  }
}
