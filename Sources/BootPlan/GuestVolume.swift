// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Btrfs
public import Bytes
import Partitions

/// A part of a disk that can hold a file system, and the one that it holds.
public final class GuestVolume<Device: BlockDevice> {
  /// Where it is.
  public let volume: Volume<Device>
  /// The partition's number; nil for a whole disk.
  public let partitionNumber: Int?
  /// `msdos` or `gpt`; empty for a whole disk.
  public let schemeName: ByteString
  /// The partition's identifier as `search --part-uuid` writes it; empty for a whole disk.
  public let partitionIdentifier: ByteString
  /// The name of a GPT partition; empty if it has none.
  public let partitionLabel: ByteString
  /// What the table says about it as one of several systems to boot; nil unless it is one.
  let slot: SystemSlot?
  /// Where it begins on its disk, in bytes.
  public let partitionByteOffset: UInt64
  /// The file system, if a reader knows it.
  public private(set) var fileSystem: MountedFileSystem<Device>?
  /// Why there is none, if there seemed to be one, or if it is a part of something else.
  public private(set) var failure: BootError?
  /// What it is a part of.
  let part: Part?
  private var surveyed: VolumeSurvey<Device>?

  /// What it says of the btrfs on several devices that it is one of; nil if it is none.
  let btrfsMembership: BtrfsMembership?

  /// Sets the file system that it is a part of.
  func mount(_ system: MountedFileSystem<Device>) {
    fileSystem = system
    failure = nil
    surveyed = nil
  }

  /// What a search for menus asks for, made ahead or now; nil without a file system.
  func survey() -> VolumeSurvey<Device>? {
    surveyed ?? fileSystem.map { VolumeSurvey($0) }
  }

  /// Looks for what a search asks for while the volume's metadata is still in the cache.
  func surveyAhead() {
    surveyed = survey()
    surveyed?.lookAhead()
    fileSystem?.emptyCache()
  }

  /// What a volume can be a part of.
  indirect enum Part {
    /// An array of md.
    case array(RaidSuperblock)
    /// A volume group of LVM2.
    case group(PhysicalVolume<Device>)
  }

  /// A whole disk whose contents are passed over for a reason.
  convenience init(_ volume: Volume<Device>, passedOver reason: BootError) {
    self.init(volume, partition: nil, Contents(failure: reason))
  }

  /// What is on a partition, or on a whole disk. With `isNoPart` it is not a part of
  /// anything else. Of a disk that `hasPartitions` older signs of other file systems say nothing.
  convenience init(
    _ volume: Volume<Device>, partition: Partition?, isNoPart: Bool = false,
    hasPartitions: Bool = false
  ) {
    var contents = isNoPart ? Contents(fileSystemOn: volume) : Contents(volume)
    if !hasPartitions { contents.nameIfUnread(volume) }
    self.init(volume, partition: partition, contents)
  }

  private init(_ volume: Volume<Device>, partition: Partition?, _ contents: Contents) {
    self.volume = volume
    partitionNumber = partition?.number
    schemeName = partition?.scheme.name ?? ""
    partitionIdentifier = partition?.identifier ?? ""
    partitionLabel = partition?.label ?? ""
    slot = partition.flatMap { SystemSlot($0) }
    partitionByteOffset = partition?.byteOffset ?? 0
    fileSystem = contents.fileSystem
    failure = contents.failure
    part = contents.part
    btrfsMembership = contents.btrfsMembership(of: volume)
  }

  private struct Contents {
    var fileSystem: MountedFileSystem<Device>?
    var failure: BootError?
    var part: Part?

    init(failure: BootError) { self.failure = failure }

    init(fileSystemOn volume: Volume<Device>) { mount(volume) }

    /// Looks for what a volume is a part of first: an array's member may begin like a file system.
    init(_ volume: Volume<Device>) {
      do throws(RaidError) {
        if let block = try RaidSuperblock.read(volume) {
          part = .array(block)
          failure = BootError(
            .unsupported, "\(volume.name): a part of an md array (\(block.description))")
          // Each half of an old mirror is a file system by itself.
          if block.level == 1, block.format.hasDataAtStart { mount(volume) }
          return
        }
      } catch { failure = BootError(error).at(volume.name) }
      do throws(LVMError) {
        if let physical = try PhysicalVolume.read(volume) {
          part = .group(physical)
          failure = BootError(.unsupported, "\(volume.name): a physical volume of LVM2")
          return
        }
      } catch { failure = BootError(error).at(volume.name) }
      if let version = EncryptedVolume.version(volume) {
        failure = BootError(
          .unsupported, "\(volume.name): LUKS\(version) encrypted; unlocking is not supported")
        return
      }
      mount(volume)
    }

    /// The place among the devices of a btrfs, which a mounted one may have, or something that
    /// could not be mounted, perhaps because it is one of several.
    func btrfsMembership(of volume: Volume<Device>) -> BtrfsMembership? {
      guard part == nil,
        fileSystem.map({ $0.formatName == "btrfs" }) ?? (failure != nil),
        let membership = try? BtrfsFileSystem<Device>.membership(of: volume),
        membership.deviceCount > 1
      else { return nil }
      return membership
    }

    /// Looks for a file system. A mountable one outranks stale RAID or LVM metadata.
    private mutating func mount(_ volume: Volume<Device>) {
      do throws(BootError) {
        if let system = try MountedFileSystem.probe(volume) {
          fileSystem = system
          failure = nil
        }
      } catch { failure = error }
    }

    /// Says what is there, if no reader knows it.
    mutating func nameIfUnread(_ volume: Volume<Device>) {
      guard fileSystem == nil, failure == nil, let name = UnreadFormats.name(of: volume) else {
        return
      }
      failure = BootError(.unsupported, "\(volume.name): holds \(name), which is not read")
    }
  }
}
