// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// The logical volumes of a group whose physical volumes, or some of them, are there.
public struct LogicalVolumeMap<Device: BlockDevice> {
  /// A logical volume, or why it can't be read.
  public struct Found {
    /// GRUB's names: `lvm/my--vg-root`, `lvmid/GROUP/VOLUME`; and Linux's below `/dev`:
    /// `my-vg/root`, `mapper/my--vg-root`.
    public let names: [ByteString]
    /// Less for one whose name says that a system is on it.
    public let rank: Int
    /// The bytes, or why they can't be read.
    public let volume: Result<Volume<Device>, LVMError>
    /// What an administrator should know: images left out.
    public let remarks: [ByteString]
  }

  private let group: VolumeGroup
  private let mapper: LogicalVolumeMapper<Device>

  /// The groups that `physicalVolumes` belong to. Of each, the text with the highest number counts.
  public static func groups(_ physicalVolumes: [PhysicalVolume<Device>]) -> [LogicalVolumeMap] {
    var groups: [VolumeGroup] = []
    for volume in physicalVolumes {
      guard let group = volume.group else { continue }
      if let index = groups.firstIndex(where: { $0.identifier == group.identifier }) {
        if group.sequenceNumber > groups[index].sequenceNumber { groups[index] = group }
      } else {
        groups.append(group)
      }
    }
    return groups.map { group in
      LogicalVolumeMap(group: group, mapper: LogicalVolumeMapper(group, physicalVolumes))
    }
  }

  /// The group's name.
  public var name: ByteString { group.name }

  /// The group's identifier.
  public var identifier: ByteString { group.identifier }

  /// All logical volumes that are for users.
  public func volumes() -> [Found] {
    var result: [Found] = []
    for (index, volume) in group.logicalVolumes.enumerated() where volume.isVisible {
      let joined = "\(Self.doubled(group.name))-\(Self.doubled(volume.name))" as ByteString
      let names: [ByteString] = [
        "lvm/\(joined)", "lvmid/\(group.identifier)/\(volume.identifier)", "mapper/\(joined)",
        "\(group.name)/\(volume.name)",
      ]
      let rank = Self.rank(volume.name.lowercased)
      var remarks: [ByteString] = []
      do throws(LVMError) {
        let found = try mapper.map(index, depth: 0, &remarks).named("lvm/\(joined)")
        result.append(Found(names: names, rank: rank, volume: .success(found), remarks: remarks))
      } catch {
        result.append(Found(names: names, rank: rank, volume: .failure(error), remarks: remarks))
      }
    }
    return result
  }

  /// 0 for the names that installers give to a system's volumes (Debian and Fedora `root`, Ubuntu
  /// `ubuntu-lv`, RHEL 6 `lv_root`, CentOS 5 `LogVol00`), 1 for those that contain such a word.
  private static func rank(_ name: ByteString) -> Int {
    if name.isWord(of: "root boot lv_root lv_boot rootlv bootlv ubuntu-lv logvol00") { return 0 }
    for start in 0..<max(0, name.count - 3) {
      let word = ByteString(name.bytes[start..<start + 4])
      if word == "root" || word == "boot" { return 1 }
    }
    return 2
  }

  /// A name with its hyphens doubled, as the single ones stand between two names.
  private static func doubled(_ name: ByteString) -> ByteString {
    var result = ByteString()
    for byte in name.bytes {
      if byte == 0x2d { result.append(byte) }
      result.append(byte)
    }
    return result
  }
}
