// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Btrfs
import Bytes

/// Joins the devices of each btrfs that lies on several: one volume in which they are one after
/// the other. Every device then leads to the whole file system.
struct BtrfsDevices<Device: BlockDevice> {
  /// The most devices that are joined to one file system.
  static var deviceCountMax: Int { 32 }

  private struct Member {
    let disk: Int
    let volume: Int
    let membership: BtrfsMembership
  }

  /// The disks, with joined file systems where there were parts of them.
  private(set) var disks: [GuestDisk<Device>]
  /// What an administrator should know.
  private(set) var remarks: [ByteString] = []

  /// Looks at the disks, and at what was put together from them.
  init(_ disks: [GuestDisk<Device>]) {
    self.disks = disks
    var left = Self.members(of: disks)
    // Ends: each turn takes a member at least.
    while let first = left.first {
      let uuid = first.membership.uuid
      join(left.filter { $0.membership.uuid == uuid })
      left.removeAll { $0.membership.uuid == uuid }
    }
  }

  /// The volumes that are a part of a btrfs on several devices.
  private static func members(of disks: [GuestDisk<Device>]) -> [Member] {
    var result: [Member] = []
    for (diskIndex, disk) in disks.enumerated() where disk.isLookedAt {
      for (volumeIndex, volume) in disk.volumes.enumerated() {
        guard let membership = volume.btrfsMembership else { continue }
        result.append(Member(disk: diskIndex, volume: volumeIndex, membership: membership))
      }
    }
    return result
  }

  /// Mounts the file system that `members` make up. A device that missed the last changes is used
  /// only if the file system can't be read without it.
  private mutating func join(_ members: [Member]) {
    let chosen = onePerDevice(members)
    guard chosen.count > 1 else { return }
    let newest = chosen.map { $0.membership.generation }.max() ?? 0
    let current = chosen.filter { $0.membership.generation == newest }
    do throws(BootError) {
      let system: MountedFileSystem<Device>
      do throws(BootError) {
        system = try mount(current)
      } catch {
        guard current.count < chosen.count else { throw error }
        system = try mount(chosen)
      }
      for member in members {
        disks[member.disk].volumes[member.volume].mount(system)
      }
    } catch {
      remarks.append(error.message)
    }
  }

  /// The first volume for each number of a device, the newest where there are several; the rest are
  /// copies of a disk.
  private func onePerDevice(_ members: [Member]) -> [Member] {
    var result: [Member] = []
    for member in members {
      let id = member.membership.deviceID
      guard let index = result.firstIndex(where: { $0.membership.deviceID == id }) else {
        if result.count < Self.deviceCountMax { result.append(member) }
        continue
      }
      if member.membership.generation > result[index].membership.generation {
        result[index] = member
      }
    }
    return result
  }

  private func mount(_ members: [Member]) throws(BootError) -> MountedFileSystem<Device> {
    var segments: [VolumeSegment<Device>] = []
    var byteCounts: [UInt64] = []
    for member in members {
      let volume = disks[member.disk].volumes[member.volume].volume
      segments += volume.segments(at: 0, count: volume.byteCount) ?? []
      byteCounts.append(volume.byteCount)
    }
    let name = members.first.map { disks[$0.disk].volumes[$0.volume].volume.name } ?? ""
    guard let joined = Volume(name: name, segments: segments) else {
      throw BootError(.unsupported, "\(name): btrfs: its devices have too many pieces")
    }
    do throws(BtrfsError) {
      guard let system = try BtrfsFileSystem.probe(joined, partByteCounts: byteCounts) else {
        throw .notBtrfs
      }
      return MountedFileSystem(volume: joined, reader: ReaderAdapter(system))
    } catch {
      throw BootError(error).at("\(name): btrfs")
    }
  }
}
