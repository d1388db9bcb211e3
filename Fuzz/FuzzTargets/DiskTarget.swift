// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes

/// All of a guest's disks: what they are made of, the search for a menu, and its entries.
final class DiskTarget: PatchedTarget {
  /// How many entries are run.
  static let entryCountMax = 4

  private static let menu = [
    "/boot/grub/grub.cfg",
    """
    set timeout=3
    search --no-floppy --fs-uuid --set=root 01234567-89AB-CDEF-0123-456789abcdef
    menuentry 'Debian' { linux /boot/vmlinuz root=/dev/xvda1 ro
    initrd /boot/initrd.img }
    """, "/boot/vmlinuz", "the kernel!", "/boot/initrd.img", "initrd",
  ]

  /// What the disks of arrays and groups hold.
  static let contents = BaseRecipe(recipe: "guest-disk", arguments: ["bare"] + menu)

  /// Partition tables.
  static func partitions() -> any FuzzTarget {
    DiskTarget(
      "partitions",
      [
        BaseRecipe("part-mbr"), BaseRecipe("part-gpt"), BaseRecipe("gpt-slots", "1:0:1", "2:3:0"),
        BaseRecipe("iso9660", "hybrid-offset"),
      ])
  }

  /// Arrays of md and groups of LVM2.
  static func volumes() -> any FuzzTarget {
    DiskTarget(
      "volumes",
      [
        BaseRecipe("md", memberCount: 2, "1.2", "1", "0", "2", "@0"),
        BaseRecipe("md", memberCount: 3, "0.90", "5", "2", "3", "@0"),
        BaseRecipe("md", memberCount: 4, "1.0", "6", "2", "4", "@0"),
        BaseRecipe("md", memberCount: 4, "1.1", "10", "258", "4", "@0"),
        BaseRecipe("md", memberCount: 3, "1.2", "0", "0", "3", "@0", "sizes=1,3,2"),
        BaseRecipe("lvm", memberCount: 1, "1", "root:linear:@0", "x:zero"),
        BaseRecipe("lvm", memberCount: 2, "2", "root:striped:@0", "swap:linear:@0"),
        BaseRecipe("lvm", memberCount: 3, "3", "root:raid5_ls:@0", "other:split:@0"),
        BaseRecipe("lvm", memberCount: 2, "2", "wrap=1", "root:raid1:@0"),
      ])
  }

  /// Whole guests.
  static func guest() -> any FuzzTarget {
    DiskTarget(
      "guest",
      [
        BaseRecipe(recipe: "guest-disk", arguments: ["bare"] + menu),
        BaseRecipe(recipe: "guest-disk", arguments: ["msdos"] + menu),
        BaseRecipe(recipe: "guest-disk", arguments: ["gpt"] + menu),
        BaseRecipe(recipe: "gpt-slots", arguments: ["1:0:1", "2:3:0"] + menu),
        BaseRecipe(recipe: "btrfs-files", arguments: menu),
        BaseRecipe("iso9660", "small"), BaseRecipe("squashfs", "small", "-noI", "-noD", "-noF"),
      ])
  }

  override func run(_ devices: [FuzzDevice], _ work: WorkAccount) {
    let environment = GuestEnvironment(
      GuestDisks(devices.map { GuestDisk($0, isOptical: false) }))
    let found = MenuSearch(environment).find()
    guard let menu = found.menu else { return }
    let interpreter = MenuInterpreter(environment: environment)
    for index in menu.entries.indices.prefix(Self.entryCountMax) {
      guard let run = try? interpreter.run(index, of: menu, isUnlocked: true),
        case .boot(let target) = run.outcome
      else { continue }
      do throws(BootError) {
        let files = try environment.locate(target)
        _ = try files.moduleByteCount(memoryByteCount: 64 << 20)
      } catch { if error.message.isEmpty { fatalError("an error without a message") } }
    }
  }
}
