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

  /// What a line of the text says.
  private init(_ line: ByteString) {
    let parts = line.bytes.split(omittingEmptySubsequences: false) { $0 == 0x7b || $0 == 0x7d }
    name = ByteString(parts[0]).trimmed
    arguments = ByteString(parts[1])
    summary = ByteString(parts[2]).trimmed
  }

  /// The command and what it takes, padded, and what it does.
  var line: ByteString {
    var result = arguments.isEmpty ? name : "\(name) \(arguments)"
    while result.count < 34 { result.append(ASCII.space) }
    return result + " \(summary)\n"
  }

  /// The commands that a person is told about, in the order of use.
  static var table: [CommandHelp] { lines.split(on: ASCII.newline).map { CommandHelp($0) } }

  /// A command on each line, what it takes in braces, and what it does.
  private static var lines: ByteString {
    """
    ls {[-l] [DEVICE or PATH]} devices or names; -l: what they are
    cat {FILE} the contents of a file
    find {PATH} the devices that have it
    find {DIRECTORY -name 'PATTERN'} the paths below it
    search {--file|--label|--fs-uuid NAME} the device; --set=VARIABLE keeps it
    probe {--fs|--fs-uuid|--label DEVICE} what is on a device
    set {[NAME=VALUE]} variables; root=DEVICE is the disk
    unset {NAME} forgets a variable
    echo {[-n] TEXT} prints it
    test {EXPRESSION} as in if test -f /x; then ...; fi
    linux {FILE [ARGUMENTS]} the kernel and its command line
    initrd {FILE...} its initial ramdisks
    multiboot {FILE [ARGUMENTS]} a kernel that takes modules
    module {FILE [ARGUMENTS]} its next module
    boot {} starts what was loaded
    configfile {FILE} opens a menu of GRUB 2
    legacy_configfile {FILE} opens a menu.lst
    syslinux_configfile {FILE} opens a syslinux.cfg
    blscfg {} opens the entries of /boot/loader
    loopback {[-d] NAME [FILE]} makes a file a device
    cmp {FILE FILE} where two files differ
    sha256sum {FILE...} checksums
    blocklist {FILE} where its bytes are
    list_env {[--file FILE]} what grub2-editenv has set
    lsmmap {} the guest's memory
    xenstore {ls [PATH] | read PATH} what Xen's tools say
    time {COMMAND...} how long it takes
    reboot {} ends the domain for a new start
    halt {} ends the domain
    help {[COMMAND]} this
    """
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
