// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Partitions

/// What may stand on a guest's disks at most.
enum VolumeStackLimits {
  /// Rounds of looking for parts of arrays and groups on what the round before has made.
  static let roundCountMax = 3
  /// The arrays of md.
  static let arrayCountMax = 64
  /// The logical volumes that are known.
  static let logicalVolumeCountMax = 4096
  /// The logical volumes that are looked at for parts of arrays, groups and btrfs. The others are
  /// looked at once a search comes to them, or a menu names them.
  static let logicalVolumeProbeCountMax = 256
  /// The files that are disks at one time.
  static let loopbackCountMax = 16
  /// The remarks on arrays and logical volumes; one more says that there were more.
  static let remarkCountMax = 200
}

/// A volume that can't be used, by its names.
struct UnavailableVolume {
  let names: [ByteString]
  let failure: BootError
}

/// Puts arrays and logical volumes together, one on the other, from the volumes of a guest's disks.
struct VolumeStack<Device: BlockDevice> {
  /// The given disks, and after them what was put together.
  private(set) var disks: [GuestDisk<Device>]
  /// What could not be put together.
  private(set) var unavailable: [UnavailableVolume] = []
  /// What an administrator should know.
  private(set) var remarks: [ByteString] = []
  /// The arrays that are there, by their identifiers: their members are not looked at by
  /// themselves.
  private(set) var assembledArrays: [ByteString] = []

  private var knownArrays: [ByteString] = []
  private var knownGroups: [ByteString] = []
  private var logicalVolumeCount = 0
  private var probedCount = 0
  private let texts = LVMTexts()
  private let work: WorkAccount

  init(_ disks: [GuestDisk<Device>]) {
    self.disks = disks
    work = disks.first?.whole.work ?? WorkAccount()
    for _ in 0..<VolumeStackLimits.roundCountMax {
      let count = self.disks.count
      assembleArrays()
      assembleGroups()
      if self.disks.count == count { break }
    }
  }

  /// Keeps a line for the administrator, up to a limit.
  private mutating func remark(_ line: ByteString) {
    if remarks.count < VolumeStackLimits.remarkCountMax {
      remarks.append(line)
    } else if remarks.count == VolumeStackLimits.remarkCountMax {
      remarks.append("there is more to say of arrays and logical volumes")
    }
  }

  /// Puts the arrays together that have come up since the last round.
  private mutating func assembleArrays() {
    var found: [(identifier: ByteString, members: [RaidMember<Device>])] = []
    for member in members() where !knownArrays.contains(member.superblock.identifier) {
      let identifier = member.superblock.identifier
      if let index = found.firstIndex(where: { $0.identifier == identifier }) {
        found[index].members.append(member)
      } else {
        found.append((identifier, [member]))
      }
    }
    for (identifier, members) in found {
      knownArrays.append(identifier)
      guard knownArrays.count <= VolumeStackLimits.arrayCountMax else {
        remark("more than \(VolumeStackLimits.arrayCountMax) md arrays")
        return
      }
      let names = unusedFirst(Self.names(of: members[0].superblock))
      do throws(RaidError) {
        let array = try RaidArray(members, name: names[0])
        for line in array.remarks { remark(line) }
        assembledArrays.append(identifier)
        disks.append(GuestDisk(array.volume, .assembled(names: names)))
      } catch {
        unavailable.append(
          UnavailableVolume(names: names, failure: BootError(error).at(names[0])))
      }
    }
  }

  /// All members of arrays.
  private func members() -> [RaidMember<Device>] {
    var result: [RaidMember<Device>] = []
    for disk in disks where disk.isLookedAt {
      for volume in disk.volumes {
        if case .array(let block)? = volume.part {
          result.append(RaidMember(volume.volume, block))
        }
      }
    }
    return result
  }

  /// The names of an array, as GRUB and Linux have them. GRUB calls an array of format 0.90 by its
  /// number, `md/md0`, in older versions `md0`.
  private static func names(of block: RaidSuperblock) -> [ByteString] {
    let identifier: ByteString = "mduuid/\(block.identifier)"
    if let number = block.number {
      return ["md/md\(number)", identifier, "md\(number)", "md/\(number)"]
    }
    if block.name.isEmpty { return [identifier] }
    let names: [ByteString] = ["md/\(block.name)", identifier]
    return Numbers.decimal(block.name) == nil ? names : names + ["md\(block.name)"]
  }

  /// The same names with one in front that nothing else has, if there is one.
  private func unusedFirst(_ names: [ByteString]) -> [ByteString] {
    for (index, name) in names.enumerated()
    where !disks.contains(where: { $0.ownNames.contains(name) }) {
      return index == 0 ? names : [name] + names[..<index] + names[(index + 1)...]
    }
    return names
  }

  /// Puts the logical volumes of groups together that have come up since the last round, those
  /// first that are usually a system's.
  private mutating func assembleGroups() {
    var physical: [PhysicalVolume<Device>] = []
    for disk in disks where disk.isLookedAt {
      for volume in disk.volumes {
        guard case .group(let found)? = volume.part else { continue }
        physical.append(found)
        let scope = work.begin(WorkShare(volume.volume.name))
        found.readCopies(texts)
        work.end(scope)
        if let failure = found.failure {
          let line = BootError(failure).at(volume.volume.name).message
          if !remarks.contains(line) { remark(line) }
        }
      }
    }
    var found: [LogicalVolumeMap<Device>.Found] = []
    for group in LogicalVolumeMap.groups(physical) where !knownGroups.contains(group.identifier) {
      knownGroups.append(group.identifier)
      let left = VolumeStackLimits.logicalVolumeCountMax - logicalVolumeCount
      let scope = work.begin(WorkShare(group.name))
      let volumes = group.volumes().sorted { $0.rank < $1.rank }
      work.end(scope)
      if volumes.count > left {
        let limit = VolumeStackLimits.logicalVolumeCountMax
        remark("\(group.name): more than \(limit) logical volumes; the rest is left out")
      }
      found += volumes.prefix(left)
      logicalVolumeCount += min(left, volumes.count)
    }
    for volume in found.sorted(by: { $0.rank < $1.rank }) { add(volume) }
    for volume in physical { volume.forgetCopies() }
  }

  private mutating func add(_ found: LogicalVolumeMap<Device>.Found) {
    for line in found.remarks { remark("\(found.names[0]): \(line)") }
    switch found.volume {
    case .success(let volume):
      probedCount += 1
      disks.append(
        GuestDisk(
          volume, .assembled(names: found.names),
          isLookedAtLater: probedCount > VolumeStackLimits.logicalVolumeProbeCountMax))
    case .failure(let failure):
      unavailable.append(
        UnavailableVolume(names: found.names, failure: BootError(failure).at(found.names[0])))
    }
  }
}
