// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What is known about the commands of a legacy menu.
enum LegacyCommand {
  /// Whether a command is about hardware or looks, and does nothing here.
  static func isQuiet(_ command: ByteString) -> Bool { command.isWord(of: quiet) }

  /// Whether a command belongs into an entry: before the first title it is ignored, as in GRUB.
  static func isForEntries(_ command: ByteString) -> Bool { command.isWord(of: forEntries) }

  private static let quiet: StaticString = """
    color splashimage gfxmenu foreground background serial terminal boot viewport shade setkey
    debug device graphicsmode font pause clear makeactive map partnew parttype hide unhide dhcp
    bootp ifconfig tftpserver rarp fstest geometry quiet verbose echo errorcheck write setup
    install embed command commandline checkrange is64bit
    """

  private static let forEntries: StaticString = """
    root rootnoverify kernel initrd module modulenounzip chainloader uuid find findiso
    savedefault lock configfile reboot halt
    """
}
