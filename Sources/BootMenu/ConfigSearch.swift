// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Where menus are looked for on a file system: the names that pygrub, the stage-1 menus of Debian
/// and Qubes, syslinux and the distributions use.
public enum ConfigSearch {
  /// A boot loader of the guest's own that is a PV kernel (Xen's "x86 PV Bootloader Protocol",
  /// docs/misc/x86-xenpv-bootloader), for a disk without a menu.
  public static let guestLoaders = ByteString.words(
    """
    /boot/xen/pvboot-x86_64.elf /xen/pvboot-x86_64.elf
    """)

  /// Scripts for GRUB 2, best first; the last ones are for subvolumes of btrfs: Ubuntu's, those of
  /// Debian's installer and of Fedora's; and for CoreOS and what came of it.
  public static let scripts = ByteString.words(
    """
    /boot/grub/grub.cfg /grub/grub.cfg /boot/grub2/grub.cfg /grub2/grub.cfg /@/boot/grub/grub.cfg
    /@/boot/grub2/grub.cfg /@rootfs/boot/grub/grub.cfg /root/boot/grub2/grub.cfg
    /boot/coreos/grub.cfg /coreos/grub.cfg
    """)

  /// Scripts below a directory that may be the top of a system, best first: a subvolume of btrfs of
  /// any name, or a folder.
  public static let nestedScripts = ByteString.words(
    "boot/grub/grub.cfg grub/grub.cfg boot/grub2/grub.cfg grub2/grub.cfg")

  /// Directories at the top of a system, in which no other system is looked for.
  public static let systemDirectories: StaticString = """
    bin boot dev EFI etc home lib lib32 lib64 libx32 loader lost+found media mnt opt proc run sbin
    srv sys tmp usr var
    """

  /// How many directories are looked into for scripts below them, on each of the two levels.
  public static let nestedDirectoryCountMax = 64

  /// The directory of an EFI system partition in whose directories scripts are that go on with
  /// another one.
  public static let firmwareDirectory: ByteString = "/EFI"

  /// Configurations of isolinux, extlinux and syslinux, best first (syslinux documentation,
  /// "Location").
  public static let syslinux = ByteString.words(
    """
    /boot/isolinux/isolinux.cfg /isolinux/isolinux.cfg /isolinux.cfg /boot/extlinux/extlinux.conf
    /boot/extlinux.conf /extlinux/extlinux.conf /extlinux.conf /boot/syslinux/extlinux.conf
    /syslinux/extlinux.conf /boot/syslinux/syslinux.cfg /syslinux/syslinux.cfg /syslinux.cfg
    """)

  /// Directories of the Boot Loader Specification.
  public static let entryDirectories = ByteString.words(
    """
    /loader/entries /boot/loader/entries /EFI/Linux /boot/EFI/Linux
    """)

  /// The configuration of systemd-boot.
  public static let loaderConfiguration: ByteString = "/loader/loader.conf"

  /// Menus of GRUB legacy, best first. Anything else on the same disk wins over them: they are
  /// often left over from an older system (pygrub's order).
  public static let legacy = ByteString.words(
    """
    /boot/grub/menu.lst /boot/grub/grub.conf /grub/menu.lst /grub/grub.conf
    """)

  /// How many directories of an EFI system partition are looked into.
  public static let firmwareDirectoryCountMax = 32
}
