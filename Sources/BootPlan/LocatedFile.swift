// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A file whose place on its device is known: what the image reads straight into guest memory.
public final class LocatedFile<Device: BlockDevice> {
  /// The path for people, with volume and file system in front: `xvda1: ext4: /boot/vmlinuz`.
  public let name: ByteString
  /// The volume.
  public let volume: Volume<Device>
  /// Where the contents are on the volume.
  public let extents: [Extent]
  /// The size in bytes.
  public let byteCount: UInt64

  /// A file at a place.
  init(name: ByteString, volume: Volume<Device>, extents: [Extent], byteCount: UInt64) {
    self.name = name
    self.volume = volume
    self.extents = extents
    self.byteCount = byteCount
  }
}
