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
  case search, searchUUID, searchLabel, searchFile, searchPartitionUUID, searchPartitionLabel
  case nextSlot, mountSubvolume
  case probe, loopback, regexp, translate, readLine, compareFiles, normal
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
  /// A command of GRUB 2 that is missing here: it fails, which an unknown command would not.
  case unavailable

  /// The command of a name.
  init?(_ name: ByteString) {
    for (known, command) in ScriptCommand.table where name == known {
      self = command
      return
    }
    if name.isWord(of: ScriptCommand.quietNames) {
      self = .quiet
    } else if name.isWord(of: ScriptCommand.usualFunctions) {
      self = .usualFunction
    } else if name.isWord(of: ScriptCommand.denials) {
      self = .no
    } else if name.isWord(of: ScriptCommand.unavailableNames) {
      self = .unavailable
    } else {
      return nil
    }
  }

  private static let table: [(StaticString, ScriptCommand)] = [
    ("set", .set), ("unset", .unset), ("export", .export), ("[", .bracket), ("test", .test),
    ("insmod", .quiet), ("echo", .echo), ("menuentry", .menuEntry), ("submenu", .submenu),
    ("hiddenentry", .hiddenEntry), ("search", .search), ("linux", .linux), ("initrd", .initrd),
    ("linux16", .linux), ("initrd16", .initrd), ("linuxefi", .linux), ("initrdefi", .initrd),
    ("multiboot", .multiboot), ("multiboot2", .multiboot), ("xen_hypervisor", .multiboot),
    ("module", .module), ("module2", .module), ("xen_module", .module), ("xen_linux", .module),
    ("xen_initrd", .module), ("chainloader", .chainloader), ("boot", .boot),
    ("search.fs_uuid", .searchUUID), ("search.fs_label", .searchLabel),
    ("search.file", .searchFile), ("search.part_uuid", .searchPartitionUUID),
    ("search.part_label", .searchPartitionLabel), ("probe", .probe), ("loopback", .loopback),
    ("gptprio.next", .nextSlot), ("btrfs-mount-subvol", .mountSubvolume),
    ("regexp", .regexp), ("tr", .translate), ("read", .readLine), ("cmp", .compareFiles),
    ("true", .yes), ("false", .no), ("sleep", .sleep), ("load_env", .loadEnvironment),
    ("save_env", .saveEnvironment), ("list_env", .listEnvironment), ("source", .source),
    (".", .source), ("configfile", .configFile), ("normal", .normal),
    ("extract_entries_source", .source), ("extract_entries_configfile", .configFile),
    ("legacy_configfile", .legacyConfigFile), ("legacy_source", .legacyConfigFile),
    ("extract_legacy_entries_configfile", .legacyConfigFile),
    ("extract_legacy_entries_source", .legacyConfigFile), ("break", .break),
    ("continue", .continue), ("return", .return), ("shift", .shift),
    ("setparams", .setParameters), ("eval", .eval), ("time", .time), ("increment", .increment),
    ("decrement", .decrement), ("password", .password), ("password_pbkdf2", .passwordPBKDF2),
    ("ls", .list), ("cat", .print), ("reboot", .reboot), ("halt", .halt), ("exit", .exit),
    ("normal_exit", .exit), ("blscfg", .bootLoaderEntries), ("bls_import", .bootLoaderEntries),
    ("uki", .bootLoaderEntries), ("syslinux_configfile", .syslinuxFile),
    ("syslinux_source", .syslinuxFile), ("extract_syslinux_entries_source", .syslinuxFile),
    ("extract_syslinux_entries_configfile", .syslinuxFile),
  ]

  /// Commands that are of no use in a guest.
  private static let quietNames: StaticString = """
    rmmod terminal_output terminal_input terminal serial loadfont background_image
    background_color terminfo play badram cutmem cmosclean cmosset hwmatch clear drivemap
    parttool nativedisk devicetree gettext acpi lsefi lsmod lsfonts lspci lsacpi lsapm lsmmap
    lssal lsdevtree lsefimmap lsefisystab videoinfo vbeinfo vbetest videotest usb usbtest setpci
    outb outw outl write_byte write_word write_dword wrmsr keymap sendkey spkmodem suspend
    gdbstub gdbstub_break gdbstub_stop gdbinfo trust distrust list_trusted list_certificates
    trust_certificate distrust_certificate trust_hash distrust_hash fix_video fakebios loadbios
    efitextmode backtrace boottime help dump blocklist net_add_addr net_add_dns net_add_route
    net_del_addr net_del_dns net_del_route net_get_dhcp_option net_ls_addr net_ls_cards
    net_ls_dns net_ls_routes net_set_vlan net_bootp6 pcidump mouse lockdown shim_lock tpm bli
    tpm_record_pcrs stall xen_boot macppcbless mactelbless gptsync cpuid functional_test
    all_functional_test test_blockarg uppermem
    """

  /// Names that distributions define as functions and call where they may be missing.
  private static let usualFunctions: StaticString = """
    load_video gfxmode set_background_image grub_platform recordfail savedefault initrdfail
    """

  /// Commands used as conditions, which answer no.
  private static let denials: StaticString = """
    keystatus cmostest fwsetup smbios getenv setenv rdmsr read_byte read_word read_dword inb inw
    inl authenticate rpi_is_pi sbat efivar is_sb_enabled
    """

  /// Commands for other platforms of GRUB 2, other firmware or other disks.
  private static let unavailableNames: StaticString = """
    gptrepair cryptomount date hashsum md5sum sha1sum sha256sum sha512sum crc
    hexdump ntldr verify_detached file net_bootp net_dhcp net_nslookup cbfsdisk zfs-bootfs
    zfsinfo zfskey btrfs-list-subvols btrfs-get-default-subvol btrfs-info
    kfreebsd kfreebsd_loadenv kfreebsd_module kfreebsd_module_elf knetbsd knetbsd_module
    knetbsd_module_elf kopenbsd kopenbsd_ramdisk xnu_kernel xnu_kernel64 xnu_kext xnu_kextdir
    xnu_mkext xnu_ramdisk xnu_resume xnu_splash xnu_uuid xnu_devprop_load appleloader plan9
    truecrypt freedos pxechainloader legacy_kernel legacy_initrd legacy_initrd_nounzip
    legacy_password legacy_check_password lsefivar map wimboot ntboot linuxloader
    """
}
