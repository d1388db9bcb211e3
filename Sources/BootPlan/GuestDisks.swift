// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import BootMenu
public import Bytes

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

  /// The disks.
  public let disks: [GuestDisk<Device>]

  /// The given disks.
  public init(_ disks: [GuestDisk<Device>]) { self.disks = disks }

  /// Every volume with a file system, in the order in which menus are looked for. A partition that
  /// starts where its disk does, as in hybrid images, is the same one as on the whole disk.
  public var mounted: [Position] {
    var result: [Position] = []
    for (diskIndex, disk) in disks.enumerated() {
      let hasWhole = disk.volumes.first?.fileSystem != nil
      for (volumeIndex, volume) in disk.volumes.enumerated() where volume.fileSystem != nil {
        if volumeIndex > 0, hasWhole, volume.volume.byteOffset == 0 { continue }
        result.append(Position(disk: diskIndex, volume: volumeIndex))
      }
    }
    return result
  }

  /// The volume at a position.
  public subscript(position: Position) -> GuestVolume<Device> {
    disks[position.disk].volumes[position.volume]
  }

  /// GRUB's name for a volume: `hd0`, `hd0,msdos1`, `cd0`.
  public func name(of position: Position) -> ByteString {
    let isOptical = disks[position.disk].isOptical
    var index = 0
    for disk in disks[..<position.disk] where disk.isOptical == isOptical { index += 1 }
    let disk: ByteString = isOptical ? "cd\(index)" : "hd\(index)"
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

  /// What is wrong with the partition table of the disk that a menu's name is about.
  func partitionTableFailure(of text: ByteString) -> BootError? {
    guard let name = DeviceName(text),
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
    case .hardDisk(let number): nth(number, isOptical: false)
    case .opticalDisk(let number): nth(number, isOptical: true)
    case .named(let name):
      disks.firstIndex { $0.device.name == name }
        ?? disks.firstIndex { Self.isSimilar($0.device.name, name) }
    case .other: nil
    }
  }

  private func nth(_ number: UInt64, isOptical: Bool) -> Int? {
    var left = number
    for (index, disk) in disks.enumerated() where disk.isOptical == isOptical {
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
    for prefix: ByteString in ["xvd", "sd", "hd", "vd"] where name.hasPrefix(prefix) {
      return name.dropFirst(prefix.count)
    }
    return nil
  }
}
