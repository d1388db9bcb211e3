// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Keywords about looks, keyboards and firmware, which do nothing here.
enum SyslinuxKeywords {
  /// Whether a keyword is skipped without a word. Function keys (`F1` to `F12`) are.
  static func isQuiet(_ keyword: ByteString) -> Bool {
    if keyword.isWord(of: quiet) { return true }
    guard keyword.bytes.first == 0x66, keyword.count <= 3 else { return false }
    return Numbers.decimal(keyword.dropFirst()) != nil
  }

  /// Whether what follows `MENU` is skipped without a word.
  static func isQuiet(menu keyword: ByteString) -> Bool {
    keyword.isWord(of: quietInMenu) || isQuiet(keyword)
  }

  private static let quiet: StaticString = """
    say display font kbdmap serial console ipappend sysappend path fdt fdtdir fdtoverlays
    devicetree devicetreedir devicetree-overlay nohalt nocomplete noretry sendcookies autoboot
    endtext
    """

  private static let quietInMenu: StaticString = """
    background color colour clear noclear width margin passwordmargin rows tabmsgrow cmdlinerow
    endrow passwordrow timeoutrow helpmsgrow helpmsgendrow hshift vshift hiddenrow indent
    shiftkey resolution msgcolor msgcolour autoboot tabmsg notabmsg passprompt save nosave
    immediate noimmediate help hiddenkey font static kbdmap
    """
}
