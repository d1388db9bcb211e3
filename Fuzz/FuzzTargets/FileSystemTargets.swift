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

/// One reader over its images.
final class FileSystemTarget<System: MountableFileSystem>: PatchedTarget
where System.Device == FuzzDevice {
  init(_ system: System.Type, _ name: String, _ recipes: [BaseRecipe]) {
    super.init(name, recipes)
  }

  override func run(_ devices: [FuzzDevice], _ work: WorkAccount) {
    let volume = Volume(whole: devices[0])
    do throws(System.Failure) {
      guard let system = try System.probe(volume) else { return }
      _ = (system.otherLabels, system.otherUUIDs, system.details, system.facts)
      TreeWalk.run(system, on: volume)
      _ = (system.remark, system.needsRecovery, system.writeObstacle, system.opticalImage)
    } catch { if error.message.isEmpty { fatalError("an error without a message") } }
  }
}

/// The targets of all readers. Images are small, one of each structure.
enum FileSystemTargets {
  static func all() -> [any FuzzTarget] {
    [ext4(), xfs(), btrfs(), iso9660(), udf(), fat(), exfat(), squashfs(), erofs()]
  }

  private static func ext4() -> any FuzzTarget {
    FileSystemTarget(
      Ext4FileSystem<FuzzDevice>.self, "ext4",
      [
        BaseRecipe("ext4-small", ",^metadata_csum,^64bit,^uninit_bg"),
        BaseRecipe("ext4-small", ",metadata_csum,64bit"), BaseRecipe("ext4-small", "", "ext2"),
        BaseRecipe("ext4-inline-data"),
        BaseRecipe("ext4-casefold"), BaseRecipe("ext4-meta-bg"), BaseRecipe("ext4-revision0"),
        BaseRecipe("ext4-journal", "1024", "^metadata_csum,64bit", "none"),
        BaseRecipe("ext4-journal", "1024", "metadata_csum,64bit", "3"),
      ])
  }

  private static func xfs() -> any FuzzTarget {
    FileSystemTarget(
      XFSFileSystem<FuzzDevice>.self, "xfs",
      [
        BaseRecipe("xfs", "small", "16M"), BaseRecipe("xfs", "small", "16M", "-m", "crc=0"),
        BaseRecipe("xfs", "tree", "24M", "-m", "crc=0", "-i", "size=512"),
      ])
  }

  private static func btrfs() -> any FuzzTarget {
    FileSystemTarget(
      BtrfsFileSystem<FuzzDevice>.self, "btrfs",
      [
        BaseRecipe("btrfs", "0"), BaseRecipe("btrfs", "200", "--csum", "xxhash"),
        BaseRecipe("btrfs-files", "/boot/grub/grub.cfg", "menuentry x {linux /k}", "/k", "kernel"),
      ])
  }

  private static func iso9660() -> any FuzzTarget {
    FileSystemTarget(
      ISO9660FileSystem<FuzzDevice>.self, "iso9660",
      [
        "small", "small-zisofs", "small-zisofs2", "small-plain", "small-joliet", "relocated",
        "eltorito",
      ].map { BaseRecipe("iso9660", $0) })
  }

  private static func udf() -> any FuzzTarget {
    FileSystemTarget(
      UDFFileSystem<FuzzDevice>.self, "udf",
      [
        BaseRecipe("udf", "made"), BaseRecipe("udf", "bridge", "-R"),
        BaseRecipe("udf", "made", "revision=0x250"),
      ])
  }

  private static func fat() -> any FuzzTarget {
    FileSystemTarget(
      FATFileSystem<FuzzDevice>.self, "fat",
      ["small12", "small16", "small32"].map { BaseRecipe("fat", $0) })
  }

  private static func exfat() -> any FuzzTarget {
    FileSystemTarget(
      ExFATFileSystem<FuzzDevice>.self, "exfat",
      ["small", "plain", "scattered"].map { BaseRecipe("exfat", $0) })
  }

  private static func squashfs() -> any FuzzTarget {
    FileSystemTarget(
      SquashFSFileSystem<FuzzDevice>.self, "squashfs",
      [
        BaseRecipe("squashfs", "small", "-noI", "-noD", "-noF"),
        BaseRecipe("squashfs", "small", "-comp", "gzip"),
        BaseRecipe("squashfs", "small", "-comp", "xz"),
        BaseRecipe("squashfs", "small", "-comp", "zstd"),
        BaseRecipe("squashfs", "small", "-comp", "lz4"),
        BaseRecipe("squashfs", "small", "-comp", "lzo"),
      ])
  }

  private static func erofs() -> any FuzzTarget {
    FileSystemTarget(
      EROFSFileSystem<FuzzDevice>.self, "erofs",
      [
        BaseRecipe("erofs", "small"), BaseRecipe("erofs", "small", "-zlz4hc", "-C65536"),
        BaseRecipe("erofs", "small", "-zlz4", "-Elegacy-compress"),
        BaseRecipe("erofs", "small", "-zlz4hc", "-C65536", "-Eztailpacking"),
        BaseRecipe("erofs", "small", "--chunksize=4096"),
      ])
  }
}
