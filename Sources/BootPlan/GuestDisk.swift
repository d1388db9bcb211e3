// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import Partitions

/// A part of a disk that can hold a file system, and the one that it holds.
public struct GuestVolume<Device: BlockDevice> {
  /// Where it is.
  public let volume: Volume<Device>
  /// The partition's number; nil for a whole disk.
  public let partitionNumber: Int?
  /// `msdos` or `gpt`; empty for a whole disk.
  public let schemeName: ByteString
  /// The partition's identifier as `search --part-uuid` writes it; empty for a whole disk.
  public let partitionIdentifier: ByteString
  /// The file system, if a reader knows it.
  public let fileSystem: MountedFileSystem<Device>?
  /// Why there is none, if there seemed to be one.
  public let failure: BootError?

  init(_ volume: Volume<Device>, partition: Partition?) {
    self.volume = volume
    partitionNumber = partition?.number
    schemeName = partition?.scheme.name ?? ""
    partitionIdentifier = partition?.identifier ?? ""
    do throws(BootError) {
      fileSystem = try MountedFileSystem.probe(volume)
      failure = nil
    } catch {
      fileSystem = nil
      failure = error
    }
  }
}

/// A disk of the guest: itself, and the partitions on it.
public struct GuestDisk<Device: BlockDevice> {
  /// The disk.
  public let device: Device
  /// Whether it is an optical one.
  public let isOptical: Bool
  /// The whole disk first, then its partitions by number.
  public let volumes: [GuestVolume<Device>]
  /// What is wrong with its partition table, if anything is.
  public let failure: BootError?

  /// Reads the partition table of `device` and looks at every volume.
  public init(_ device: Device, isOptical: Bool) {
    self.device = device
    self.isOptical = isOptical
    var partitions: [Partition] = []
    do throws(PartitionError) {
      partitions = try PartitionTable.read(device)
      failure = nil
    } catch {
      failure = BootError(error).at(device.name)
    }
    var volumes = [GuestVolume(Volume(whole: device), partition: nil)]
    for partition in partitions {
      if let volume = partition.volume(on: device) {
        volumes.append(GuestVolume(volume, partition: partition))
      }
    }
    self.volumes = volumes
  }

  /// Whether the disk has partitions.
  public var isPartitioned: Bool { volumes.count > 1 }
}
