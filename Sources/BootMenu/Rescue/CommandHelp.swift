// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A line of what `help` prints. Tab knows the same names.
struct CommandHelp {
  /// The command's name.
  let name: ByteString
  /// What it takes.
  let arguments: ByteString
  /// What it does.
  let summary: ByteString

  private init(_ name: ByteString, _ arguments: ByteString, _ summary: ByteString) {
    self.name = name
    self.arguments = arguments
    self.summary = summary
  }

  /// The command and what it takes, padded, and what it does.
  var line: ByteString {
    var result = arguments.isEmpty ? name : "\(name) \(arguments)"
    while result.count < 34 { result.append(ASCII.space) }
    return result + " \(summary)\n"
  }

  /// The commands that a person is told about, in the order of use.
  static var table: [CommandHelp] {
    [
      CommandHelp("ls", "[-l] [DEVICE or PATH]", "devices or names; -l: what they are"),
      CommandHelp("cat", "FILE", "the contents of a file"),
      CommandHelp("find", "PATH", "the devices that have it"),
      CommandHelp("find", "DIRECTORY -name 'PATTERN'", "the paths below it"),
      CommandHelp("search", "--file|--label|--fs-uuid NAME", "the device; --set=VARIABLE keeps it"),
      CommandHelp("probe", "--fs|--fs-uuid|--label DEVICE", "what is on a device"),
      CommandHelp("set", "[NAME=VALUE]", "variables; root=DEVICE is the disk"),
      CommandHelp("unset", "NAME", "forgets a variable"),
      CommandHelp("echo", "[-n] TEXT", "prints it"),
      CommandHelp("test", "EXPRESSION", "as in if test -f /x; then ...; fi"),
      CommandHelp("linux", "FILE [ARGUMENTS]", "the kernel and its command line"),
      CommandHelp("initrd", "FILE...", "its initial ramdisks"),
      CommandHelp("multiboot", "FILE [ARGUMENTS]", "a kernel that takes modules"),
      CommandHelp("module", "FILE [ARGUMENTS]", "its next module"),
      CommandHelp("boot", "", "starts what was loaded"),
      CommandHelp("configfile", "FILE", "opens a menu of GRUB 2"),
      CommandHelp("legacy_configfile", "FILE", "opens a menu.lst"),
      CommandHelp("syslinux_configfile", "FILE", "opens a syslinux.cfg"),
      CommandHelp("blscfg", "", "opens the entries of /boot/loader"),
      CommandHelp("loopback", "[-d] NAME [FILE]", "makes a file a device"),
      CommandHelp("cmp", "FILE FILE", "where two files differ"),
      CommandHelp("sha256sum", "FILE...", "checksums"),
      CommandHelp("blocklist", "FILE", "where its bytes are"),
      CommandHelp("list_env", "[--file FILE]", "what grub2-editenv has set"),
      CommandHelp("lsmmap", "", "the guest's memory"),
      CommandHelp("xenstore", "ls [PATH] | read PATH", "what Xen's tools say"),
      CommandHelp("time", "COMMAND...", "how long it takes"),
      CommandHelp("reboot", "", "ends the domain for a new start"),
      CommandHelp("halt", "", "ends the domain"),
      CommandHelp("help", "[COMMAND]", "this"),
    ]
  }

  /// What `help` prints, about one command or all; nil if that one is not known.
  static func text(about name: ByteString? = nil) -> ByteString? {
    var result = ByteString()
    for entry in table where name == nil || entry.name == name { result += entry.line }
    if name != nil { return result.isEmpty ? nil : result }
    return result + """
      A file is named /PATH or (DEVICE)/PATH, as in (hd0,gpt2)/boot/vmlinuz.
      Tab completes commands, devices and paths; Ctrl-C stops a command that reads.

      """
  }
}
