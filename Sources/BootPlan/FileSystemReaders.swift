// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Btrfs
import Bytes
import EROFS
import ExFAT
import Ext4
import FAT
import FileSystem
import ISO9660
import SquashFS
import UDF
import XFS

/// The list of readers. A new one is an import and a line here.
enum FileSystemReaders<Device: BlockDevice> {
  /// The first reader that knows what is on `volume`; nil if none does.
  ///
  /// What is at the start of a volume is written by whoever used it last, so those that begin there
  /// come first, SquashFS with the very first byte, EROFS in the place of ext4's superblock: an
  /// optical disk's image brings 32 KiB of its own in front of its descriptors, but whoever makes
  /// an ext4 or a FAT may leave old descriptors after.
  static func mount(_ volume: Volume<Device>) throws(BootError) -> MountedReader? {
    if let reader = try SquashFSFileSystem.mount(volume) { return reader }
    if let reader = try EROFSFileSystem.mount(volume) { return reader }
    if let reader = try Ext4FileSystem.mount(volume) { return reader }
    if let reader = try XFSFileSystem.mount(volume) { return reader }
    if let reader = try ExFATFileSystem.mount(volume) { return reader }
    if let reader = try FATFileSystem.mount(volume) { return reader }
    if let reader = try BtrfsFileSystem.mount(volume) { return reader }
    return try mountOptical(volume)
  }

  /// The file systems of optical disks, of which a disk may have both. If one can't be read the
  /// other will do.
  private static func mountOptical(_ volume: Volume<Device>) throws(BootError) -> MountedReader? {
    var udf: MountedReader?
    var failure: BootError?
    do throws(BootError) { udf = try UDFFileSystem.mount(volume) } catch {
      if error.family == .device { throw error }
      failure = error
    }
    do throws(BootError) {
      guard let iso = try ISO9660FileSystem.mount(volume) else {
        if let failure { throw failure }
        return udf
      }
      return udf.map { BridgedReader($0, iso) } ?? iso
    } catch {
      if let udf, error.family != .device { return udf }
      throw failure ?? error
    }
  }
}
