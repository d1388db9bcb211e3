// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Where menus are looked for.
public enum ConfigSearch {
  /// The paths on a file system, best first: a `grub.cfg` wins over a stale `menu.lst` (pygrub's
  /// order).
  public static let paths: [ByteString] = [
    "/boot/grub/grub.cfg", "/grub/grub.cfg", "/boot/grub2/grub.cfg", "/grub2/grub.cfg",
    "/boot/grub/menu.lst", "/boot/grub/grub.conf", "/grub/menu.lst", "/grub/grub.conf",
  ]
}
