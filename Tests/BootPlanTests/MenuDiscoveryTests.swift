// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation
import TestSupport
import Testing

/// Every kind of menu is found where systems have it, in the order that is promised.
struct MenuDiscoveryTests {
  static let script = MenuSearchTests.script
  static let legacy = MenuSearchTests.legacy
  static let syslinux = "label sys\nlinux k\n"
  static let entry = "title entry\nlinux /k\n"

  private func image(_ files: [String]) throws -> GuestImage { try GuestImage(.bare, files) }

  /// What is found on one disk with these file systems as partitions.
  private func find(_ volumes: [[String]]) throws -> MenuSearch<MemoryDevice>.Result {
    let images = try volumes.map { try image($0) }
    let disk = GuestDisk(GuestImage.partitioned(images), isOptical: false)
    return MenuSearch(environment(disk)).find()
  }

  private func titles(_ result: MenuSearch<MemoryDevice>.Result) -> [String] {
    result.menu?.entries.map { $0.title.text } ?? []
  }

  @Test(arguments: [
    "/@root/boot/grub/grub.cfg", "/@boot/grub/grub.cfg", "/rootfs/boot/grub2/grub.cfg",
    "/arch/@/boot/grub/grub.cfg", "/root/boot/grub/grub.cfg", "/sub/volumes/grub2/grub.cfg",
  ])
  func aSystemInASubvolumeOfAnyNameIsFound(_ path: ByteString) throws {
    let result = MenuSearch(environment(try image([path.text, Self.script]).disk())).find()
    #expect(result.menu?.file == MenuFile(device: "hd0", path: path))
    #expect(result.remarks == [])
  }

  @Test(arguments: [
    "/.snapshots/1/boot/grub/grub.cfg", "/usr/boot/grub/grub.cfg", "/a/b/c/boot/grub/grub.cfg",
    "/srv/me/boot/grub/grub.cfg",
  ])
  func whatIsNoSystemIsNotLookedInto(_ path: String) throws {
    #expect(MenuSearch(environment(try image([path, Self.script]).disk())).find().menu == nil)
  }

  @Test func aMenuAtTheTopWinsOverSubvolumes() throws {
    let files = ["/@root/boot/grub/grub.cfg", Self.script, "/boot/grub/menu.lst", Self.legacy]
    #expect(titles(try find([files])) == ["old"])
    #expect(titles(try find([Array(files[..<2]), Array(files[2...])])) == ["old"])
  }

  @Test(arguments: ConfigSearch.scripts + ConfigSearch.syslinux + ConfigSearch.legacy)
  func everyNameIsFound(_ path: ByteString) throws {
    let text =
      switch MenuFormat(path: path, text: ByteString(Self.legacy)) {
      case .legacy: Self.legacy
      case .syslinux: Self.syslinux
      default: Self.script
      }
    let result = MenuSearch(environment(try image([path.text, text]).disk())).find()
    #expect(result.menu?.file == MenuFile(device: "hd0", path: path))
    #expect(result.remarks == [])
  }

  @Test(arguments: ["/loader/entries/a.conf", "/boot/loader/entries/a.conf"])
  func entriesAreFound(_ path: String) throws {
    let result = MenuSearch(environment(try image([path, Self.entry]).disk())).find()
    #expect(titles(result) == ["entry"])
    #expect(result.menu?.format == .bls)
    #expect(result.remarks == [])
  }

  @Test func entriesAreReadFromOneListingWhateverTheyAre() throws {
    let long = "title long\nlinux /k\n#" + String(repeating: "x", count: 70_000)
    let image = try image([
      "/loader/entries/a.conf", Self.entry, "/loader/entries/b.conf", "@../other.conf",
      "/loader/other.conf", "title other\nlinux /o\n", "/loader/entries/c.conf", "@/none",
      "/loader/entries/d.conf/x", "a directory", "/loader/entries/e.conf", long,
      "/loader/entries/notes.txt", "no entry", "/loader/entries/.f.conf", "hidden",
      "/loader/entries/g.conf", "",
    ])
    let environment = environment(image.disk())
    let directory = MenuFile(device: "hd0", path: "/loader/entries")
    var found: [String] = []
    let isThere = environment.visitFiles(
      inDirectory: directory, byteCountMax: 64 << 10, wants: { $0.hasSuffix(".conf") },
      visit: { name, text in
        found.append("\(name.text) \(text.map { "\($0.count)" } ?? "none")")
        return found.count < 6
      })
    #expect(isThere)
    #expect(found.count == 6)
    #expect(
      Set(found).isSubset(of: [
        "a.conf \(Self.entry.utf8.count)", "b.conf 21", "c.conf none", "d.conf none",
        "e.conf none", ".f.conf 6", "g.conf 0",
      ]))
    let result = MenuSearch(environment).find()
    #expect(titles(result) == ["other", "entry"])
    let reasons = result.menu?.warnings.map { $0.message.text } ?? []
    #expect(reasons.count == 4)
    #expect(reasons.filter { $0.contains("can't be read, or is over 64 KiB") }.count == 3)
    for path: ByteString in ["/none", "/loader/other.conf"] {
      let file = MenuFile(device: "hd0", path: path)
      #expect(
        !environment.visitFiles(
          inDirectory: file, byteCountMax: 9, wants: { _ in true }, visit: { _, _ in true }))
    }
  }

  @Test func theOrderOnAVolumeIsScriptsSyslinuxEntriesLegacy() throws {
    let all = [
      ["/boot/grub/menu.lst", Self.legacy], ["/loader/entries/a.conf", Self.entry],
      ["/extlinux.conf", Self.syslinux], ["/grub2/grub.cfg", Self.script],
    ]
    let expected = ["old", "entry", "sys", "modern"]
    for count in 1...4 {
      let result = try find([all.prefix(count).flatMap { $0 }])
      #expect(titles(result) == [expected[count - 1]])
    }
  }

  @Test func aLegacyMenuLosesToAnyOtherOnItsDisk() throws {
    let result = try find([
      ["/boot/grub/menu.lst", Self.legacy, "/grub/menu.lst", Self.legacy],
      ["/boot/grub/grub.cfg", Self.script, "/grub/grub.conf", Self.legacy],
    ])
    #expect(result.menu?.file.name == "(hd0,msdos2)/boot/grub/grub.cfg")
    #expect(
      result.remarks.map { $0.text } == [
        "xvda1: ext4: /boot/grub/menu.lst is there too; (hd0,msdos2)/boot/grub/grub.cfg wins",
        "xvda1: ext4: /grub/menu.lst is there too; (hd0,msdos2)/boot/grub/grub.cfg wins",
        "xvda2: ext4: /grub/grub.conf is there too; /boot/grub/grub.cfg wins",
      ])
  }

  @Test func aBootPartitionOfItsOwnHasShorterNames() throws {
    let result = try find([
      ["/etc/fstab", "x"],
      [
        "/grub/grub.cfg", "search --file /vmlinuz --set=root\nmenuentry m { linux /vmlinuz }\n",
        "/vmlinuz", "kernel",
      ],
    ])
    #expect(result.menu?.file.name == "(hd0,msdos2)/grub/grub.cfg")
  }

  @Test func aFewLinesOnAFirmwarePartitionLeadToTheMenu() throws {
    let stub = """
      search --no-floppy --file --set=dev /grub2/grub.cfg
      set prefix=($dev)/grub2
      export $prefix
      configfile $prefix/grub.cfg
      """
    let result = try find([
      ["/EFI/BOOT/grub.cfg", "# nothing here\n", "/EFI/fedora/grub.cfg", stub],
      ["/grub2/grub.cfg", Self.script, "/k", "kernel"],
    ])
    #expect(result.menu?.file.name == "(hd0,msdos2)/grub2/grub.cfg")
    #expect(titles(result) == ["modern"])
    #expect(
      result.remarks.map { $0.text } == [
        "xvda1: ext4: menu (hd0,msdos1)/EFI/BOOT/grub.cfg has no entries"
      ])
    // A stub that leads nowhere is passed as well.
    let lost = try find([["/EFI/x/grub.cfg", stub, "/extlinux.conf", Self.syslinux]])
    #expect(titles(lost) == ["sys"])
    #expect(
      lost.remarks.map { $0.text } == [
        "xvda1: ext4: menu (hd0,msdos1)/EFI/x/grub.cfg has no entries"
      ])
  }

  @Test func entriesOfTwoPartitionsAreOneMenu() throws {
    let result = try find([
      ["/loader/loader.conf", "timeout 9\ndefault b*\n", "/loader/entries/a.conf", Self.entry],
      ["/loader/entries/b.conf", "title other\nlinux /k\n"],
    ])
    #expect(titles(result) == ["other", "entry"])
    #expect(result.menu?.timeoutSeconds == 9)
    #expect(result.menu?.defaultSelection?.index == 0)
    // A loader.conf alone is no menu, but is heard where the entries are.
    let apart = try find([
      ["/loader/loader.conf", "timeout 8\n"], ["/loader/entries/b.conf", Self.entry],
    ])
    #expect(apart.menu?.timeoutSeconds == 8)
    #expect(apart.remarks == [])
  }

  @Test func unifiedKernelsAreFoundAndTakenApart() throws {
    let kernel = PortableExecutable([
      .init(".linux", "the kernel"), .init(".initrd", "ramdisk"),
      .init(".osrel", "PRETTY_NAME=\"Debian 13\"\nID=debian\nVERSION_ID=13\n"),
      .init(".uname", "6.12"), .init(".cmdline", "root=LABEL=x ro\n"),
    ])
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString).path
    try Data(kernel.bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let environment = environment(
      try image([
        "/EFI/Linux/debian-6.12.efi", "=" + path, "/EFI/Linux/broken.efi", "MZ",
        "/EFI/Linux/sub/x.efi", "MZ",
      ]).disk())
    let result = MenuSearch(environment).find()
    #expect(result.menu?.entries.map { $0.title.text } == ["Debian 13"])
    let target = try #require(try environment.defaultTarget())
    let files = try environment.locate(target)
    #expect(files.kernel.byteCount == 10)
    #expect(files.initrds.map { $0.byteCount } == [7])
    #expect(files.commandLine == "root=LABEL=x ro")
  }

  @Test func aMenuThatBootsNothingIsPassed() throws {
    let useless = "menuentry disk { chainloader +1 }\nmenuentry off { halt }\n"
    let result = try find([
      ["/boot/grub/grub.cfg", useless], ["/extlinux/extlinux.conf", "label c\nlocalboot 0\n"],
      ["/boot/grub/menu.lst", Self.legacy],
    ])
    #expect(titles(result) == ["old"])
    #expect(
      result.remarks.map { $0.text } == [
        "xvda1: ext4: menu (hd0,msdos1)/boot/grub/grub.cfg boots nothing, so it is passed: "
          + "entry 'disk' chainloads (hd0,msdos1)+1, which a PV guest can't run",
        "xvda2: ext4: menu (hd0,msdos2)/extlinux/extlinux.conf boots nothing, so it is passed: "
          + "entry 'c': LOCALBOOT 0 is for a PC's firmware",
      ])
    // Without another one it is shown all the same.
    let alone = try find([["/boot/grub/grub.cfg", useless]])
    #expect(titles(alone) == ["disk", "off"])
    #expect(alone.remarks.count == 1)
  }

  @Test func aMenuIsUsedIfAnyOfItsFirstEntriesBoots() throws {
    let late = "menuentry a { chainloader +1 }\nsubmenu s { menuentry b { linux /k } }\n"
    #expect(try find([["/boot/grub/grub.cfg", late]]).remarks == [])
    let locked = "set superusers=a\npassword a b\nmenuentry a { linux /k }\n"
    #expect(try find([["/boot/grub/grub.cfg", locked]]).remarks == [])
    // The kernel's file is not looked for: the guest's menu says what is wrong with it.
    let gone = "menuentry a { linux /not/there }\n"
    #expect(titles(try find([["/boot/grub/grub.cfg", gone]])) == ["a"])
  }

  @Test func entriesWithoutAKernelAreRemarked() throws {
    let result = try find([["/loader/entries/a.conf", "title none\n"]])
    #expect(result.menu == nil)
    #expect(
      result.remarks.map { $0.text } == [
        "xvda1: ext4: menu (hd0,msdos1)/loader/entries has no entries"
      ])
  }

  @Test func aLoaderOfTheGuestIsTheLastResort() throws {
    let loader = ["/boot/xen/pvboot-x86_64.elf", "x"]
    let alone = try find([loader])
    #expect(alone.menu?.file.name == "(hd0,msdos1)/boot/xen/pvboot-x86_64.elf")
    #expect(alone.menu?.timeoutSeconds == 0)
    let both = try find([loader + ["/extlinux.conf", Self.syslinux]])
    #expect(titles(both) == ["sys"])
    #expect(
      both.remarks.map { $0.text } == [
        "(hd0,msdos1)/boot/xen/pvboot-x86_64.elf is there too; (hd0,msdos1)/extlinux.conf wins"
      ])
    let disk = GuestDisk(GuestImage.partitioned([try image(loader)]), isOptical: false)
    #expect(MenuSearch(environment(disk)).find(isChained: true).menu == nil)
  }

  @Test func laterDisksAreNotReadOnceAMenuIsFound() throws {
    let first = FaultyDevice(
      GuestImage.partitioned([try image(["/boot/grub/grub.cfg", Self.script])]))
    let second = FaultyDevice(
      GuestImage.partitioned([try image(["/extlinux.conf", Self.syslinux])], name: "xvdb"))
    let disks = [
      GuestDisk(first, isOptical: false), GuestDisk(second, isOptical: false),
    ]
    let before = (first.readCount, second.readCount)
    let search = MenuSearch(GuestEnvironment(GuestDisks(disks)))
    #expect(search.find().menu?.file.path == "/boot/grub/grub.cfg")
    #expect(first.readCount > before.0)
    #expect(second.readCount == before.1)
  }

  @Test func aDiskThatFailsAnywhereNeverTraps() throws {
    let files = [
      "/boot/grub/grub.cfg", "# nothing\n", "/EFI/x/grub.cfg", "# nothing\n", "/extlinux.conf",
      "include /more.cfg\n", "/more.cfg", Self.syslinux, "/loader/entries/a.conf", Self.entry,
      "/boot/grub/menu.lst", Self.legacy, "/EFI/Linux/a.efi", "MZ",
    ]
    let base = GuestImage.partitioned([try image(files)])
    let whole = FaultyDevice(base)
    let disk = GuestDisk(whole, isOptical: false)
    let start = whole.readCount
    #expect(MenuSearch(GuestEnvironment(GuestDisks([disk]))).find().menu?.format == .syslinux)
    let end = whole.readCount
    #expect(end - start < 400)
    for failing in start...end {
      let device = FaultyDevice(base)
      let disk = GuestDisk(device, isOptical: false)
      device.failingRead = failing + 1
      _ = MenuSearch(GuestEnvironment(GuestDisks([disk]))).find()
    }
  }
}
