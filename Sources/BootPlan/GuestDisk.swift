// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import FileSystem
import Partitions

/// A disk of the guest, or a volume that stands for one: itself, and the partitions on it.
public struct GuestDisk<Device: BlockDevice> {
  /// What it is.
  public enum Kind: Equatable, Sendable {
    /// A disk.
    case hardDisk
    /// A drive with an optical disk.
    case opticalDisk
    /// An array or a logical volume, by its names; the first is the one to be shown.
    case assembled(names: [ByteString])
    /// A file that a menu made a disk.
    case loopback(name: ByteString)
  }

  /// All of its bytes.
  public let whole: Volume<Device>
  /// What it is.
  public let kind: Kind
  private let contents: DiskContents<Device>

  /// Reads the partition table of `device` and looks at every volume.
  public init(_ device: Device, isOptical: Bool) {
    self.init(Volume(whole: device), isOptical ? .opticalDisk : .hardDisk)
  }

  /// The same for any volume; with `isLookedAtLater` only once something on it is asked for.
  init(_ whole: Volume<Device>, _ kind: Kind, isLookedAtLater: Bool = false) {
    self.whole = whole
    self.kind = kind
    contents = DiskContents(whole, isOptical: kind == .opticalDisk)
    if !isLookedAtLater { _ = contents.found }
  }

  /// The whole disk first, then its partitions by number.
  public var volumes: [GuestVolume<Device>] { contents.found.volumes }

  /// What is wrong with its partition table, if anything is.
  public var failure: BootError? { contents.found.failure }

  /// Whether its volumes were looked at.
  var isLookedAt: Bool { contents.isLookedAt }

  /// The name that an administrator knows.
  public var name: ByteString { whole.name }

  /// Whether it is an optical one.
  public var isOptical: Bool { kind == .opticalDisk }

  /// Whether a menu made it; it lasts until the menu removes it.
  var isLoopback: Bool {
    if case .loopback = kind { true } else { false }
  }

  /// The names of its own that it has beside its place among the disks.
  var ownNames: [ByteString] {
    switch kind {
    case .hardDisk, .opticalDisk: []
    case .assembled(let names): names
    case .loopback(let name): [name]
    }
  }

  /// Whether the disk has partitions.
  public var isPartitioned: Bool { volumes.count > 1 }
}
