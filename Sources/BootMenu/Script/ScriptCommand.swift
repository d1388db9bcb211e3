// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a command of a script came to.
enum ScriptResult {
  /// It ran, and `$?` is this.
  case status(Int)
  /// It failed, with a reason worth telling.
  case failed(ByteString)
  /// It changes what is run next.
  case flow(ScriptFlow)
}

/// The commands that are known.
enum ScriptCommand: Equatable {
  case set, unset, export, menuEntry, submenu, hiddenEntry
  case linux, initrd, multiboot, module, chainloader, boot
  case search, searchUUID, searchLabel, searchFile
  case test, bracket, yes, no, echo, sleep
  case loadEnvironment, saveEnvironment, listEnvironment
  case source, configFile, legacyConfigFile, bootLoaderEntries, syslinuxFile
  case `break`, `continue`, `return`, shift, setParameters, eval, time
  case increment, decrement, password, passwordPBKDF2
  case list, print, reboot, halt, exit
  /// Something about hardware, graphics or modules that succeeds and does nothing.
  case quiet
  /// What distributions define as a function and call where it may be missing: like `quiet`.
  case usualFunction
  /// Something that GRUB 2 has and this is without: it fails, where an unknown command would not.
  case unavailable

  /// The command of a name.
  init?(_ name: ByteString) {
    for (known, command) in ScriptCommand.table where ScriptCommand.equal(name, known) {
      self = command
      return
    }
    return nil
  }

  private static func equal(_ name: ByteString, _ known: StaticString) -> Bool {
    guard name.count == known.utf8CodeUnitCount else { return false }
    return known.withUTF8Buffer { name.bytes.elementsEqual($0) }
  }

  private static let table: [(StaticString, ScriptCommand)] = [
    ("set", .set), ("unset", .unset), ("export", .export), ("[", .bracket), ("test", .test),
    ("insmod", .quiet), ("echo", .echo), ("menuentry", .menuEntry), ("submenu", .submenu),
    ("hiddenentry", .hiddenEntry), ("search", .search), ("linux", .linux), ("initrd", .initrd),
    ("linux16", .linux), ("initrd16", .initrd), ("linuxefi", .linux), ("initrdefi", .initrd),
    ("multiboot", .multiboot), ("multiboot2", .multiboot), ("xen_hypervisor", .multiboot),
    ("module", .module), ("module2", .module), ("xen_module", .module),
    ("chainloader", .chainloader), ("boot", .boot), ("search.fs_uuid", .searchUUID),
    ("search.fs_label", .searchLabel), ("search.file", .searchFile), ("true", .yes),
    ("false", .no), ("sleep", .sleep), ("load_env", .loadEnvironment),
    ("save_env", .saveEnvironment), ("list_env", .listEnvironment), ("source", .source),
    (".", .source), ("configfile", .configFile), ("extract_entries_source", .source),
    ("extract_entries_configfile", .configFile), ("legacy_configfile", .legacyConfigFile),
    ("extract_legacy_entries_configfile", .legacyConfigFile), ("break", .break),
    ("continue", .continue), ("return", .return), ("shift", .shift),
    ("setparams", .setParameters), ("eval", .eval), ("time", .time), ("increment", .increment),
    ("decrement", .decrement), ("password", .password), ("password_pbkdf2", .passwordPBKDF2),
    ("ls", .list), ("cat", .print), ("reboot", .reboot), ("halt", .halt), ("exit", .exit),
    ("rmmod", .quiet), ("load_video", .usualFunction), ("terminal_output", .quiet),
    ("terminal_input", .quiet), ("terminal", .quiet), ("serial", .quiet), ("loadfont", .quiet),
    ("gfxmode", .usualFunction), ("background_image", .quiet), ("background_color", .quiet),
    ("terminfo", .quiet), ("play", .quiet), ("badram", .quiet), ("cutmem", .quiet),
    ("cmosclean", .quiet), ("hwmatch", .quiet), ("clear", .quiet), ("drivemap", .quiet),
    ("parttool", .quiet), ("nativedisk", .quiet), ("devicetree", .quiet), ("gettext", .quiet),
    ("set_background_image", .usualFunction), ("acpi", .quiet), ("lsefi", .quiet),
    ("grub_platform", .usualFunction),
    ("keystatus", .unavailable), ("cmostest", .unavailable), ("fwsetup", .unavailable),
    ("probe", .unavailable), ("regexp", .unavailable), ("loopback", .unavailable),
    ("blscfg", .bootLoaderEntries), ("bls_import", .bootLoaderEntries),
    ("uki", .bootLoaderEntries), ("gptprio.next", .unavailable), ("cryptomount", .unavailable),
    ("read", .unavailable), ("cmp", .unavailable), ("date", .unavailable),
    ("hashsum", .unavailable), ("md5sum", .unavailable), ("sha256sum", .unavailable),
    ("hexdump", .unavailable), ("crc", .unavailable), ("ntldr", .unavailable),
    ("authenticate", .unavailable), ("verify_detached", .unavailable), ("file", .unavailable),
    ("cpuid", .unavailable), ("test_blockarg", .unavailable), ("net_bootp", .unavailable),
    ("net_dhcp", .unavailable), ("syslinux_configfile", .syslinuxFile),
    ("syslinux_source", .syslinuxFile), ("extract_syslinux_entries_source", .syslinuxFile),
    ("extract_syslinux_entries_configfile", .syslinuxFile), ("cbfs", .unavailable),
    ("zfs-bootfs", .unavailable), ("kfreebsd", .unavailable), ("knetbsd", .unavailable),
    ("kopenbsd", .unavailable), ("xnu_kernel64", .unavailable), ("appleloader", .unavailable),
    ("legacy_kernel", .unavailable), ("legacy_initrd", .unavailable), ("tr", .unavailable),
  ]
}
