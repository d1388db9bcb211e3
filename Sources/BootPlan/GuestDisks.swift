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

  /// The given disks, and what stands on them.
  public init(_ disks: [GuestDisk<Device>]) {
    let stack = VolumeStack(disks)
    let joined = BtrfsDevices(stack.disks)
    self.disks = joined.disks
    unavailable = stack.unavailable
    assembledArrays = stack.assembledArrays
    remarks = stack.remarks + joined.remarks + stack.unavailable.map { $0.failure.message }
  }

  /// Every volume with a file system, in the order in which menus are looked for. A partition that
  /// starts where its disk does, as in hybrid images, is the same one as on the whole disk. Members
  /// of a mirror that look like file systems are the mirror's.
  public var mounted: [Position] {
    var result: [Position] = []
    for (diskIndex, disk) in disks.enumerated() where !isAssembledMember(disk.volumes.first) {
      let hasWhole = disk.volumes.first?.fileSystem != nil
      for (volumeIndex, volume) in disk.volumes.enumerated() where volume.fileSystem != nil {
        if volumeIndex > 0, hasWhole, volume.partitionByteOffset == 0 { continue }
        if isAssembledMember(volume) { continue }
        result.append(Position(disk: diskIndex, volume: volumeIndex))
      }
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
    var index = 0
    for disk in disks[..<position.disk] where disk.kind == kind { index += 1 }
    let disk: ByteString
    switch kind {
    case .hardDisk: disk = "hd\(index)"
    case .opticalDisk: disk = "cd\(index)"
    case .assembled(let names): disk = names.first ?? ""
    case .loopback(let name): disk = name
    }
    let volume = self[position]
    guard let number = volume.partitionNumber else { return disk }
    return "\(disk),\(volume.schemeName)\(number)"
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
      disks.firstIndex { $0.name == name } ?? ownName(name)
        ?? disks.firstIndex { Self.isSimilar($0.name, name) }
    case .other(let name): ownName(name)
    }
  }

  /// The disk with a name of its own, or the array that Linux numbers so: without a number of their
  /// own, arrays are counted down from 127.
  private func ownName(_ name: ByteString) -> Int? {
    if let index = disks.firstIndex(where: { $0.ownNames.contains(name) }) { return index }
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

  private func nth(_ number: UInt64, _ kind: GuestDisk<Device>.Kind) -> Int? {
    var left = number
    for (index, disk) in disks.enumerated() where disk.kind == kind {
      if left == 0 { return index }
      left -= 1
    }
    return nil
  }

  /// Linux names every Xen disk `xvd`, whatever the guest config calls it: `sda` is `xvda`.
  private static func isSimilar(_ name: ByteString, _ wanted: ByteString) -> Bool {
    guard let letters = letters(of: name) else { return false }
    return letters == Self.letters(of: wanted)
  }

  /// What follows the kind of disk in its name: `a` of `xvda`, `b2` of `sdb2`.
  private static func letters(of name: ByteString) -> ByteString? {
    for prefix in ByteString.words("xvd sd hd vd") where name.hasPrefix(prefix) {
      return name.dropFirst(prefix.count)
    }
    return nil
  }
}
