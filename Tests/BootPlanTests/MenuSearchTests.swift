// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Testing

/// Which menu is taken, and what is said about the others.
struct MenuSearchTests {
  static let script = "menuentry modern { linux /k }"
  static let legacy = "title old\nkernel /k\n"

  /// The image of a file system of its own with these files.
  func image(_ files: String...) throws -> GuestImage { try GuestImage(.bare, files) }

  @Test func takesTheFirstDiskWithAMenu() throws {
    let other = try image("/k", "kernel")
    let first = try image("/boot/grub/menu.lst", Self.legacy)
    let second = try image("/boot/grub/grub.cfg", Self.script)
    let result = MenuSearch(
      environment(
        blankDisk("xvda"), other.disk("xvdb"), first.disk("xvdc"), second.disk("xvdd"))
    ).find()
    #expect(result.menu?.file == MenuFile(device: "hd2", path: "/boot/grub/menu.lst"))
    #expect(result.menu?.format == .legacy)
    #expect(result.remarks == [])
  }

  @Test func looksIntoPartitions() throws {
    let result = MenuSearch(environment(try GuestImage(.msdos).disk())).find()
    #expect(result.menu?.file == MenuFile(device: "hd0,msdos1", path: "/boot/grub/grub.cfg"))
  }

  @Test func grubCfgWinsOverAStaleMenuLst() throws {
    let both = try image("/boot/grub/menu.lst", Self.legacy, "/boot/grub/grub.cfg", Self.script)
    let result = MenuSearch(environment(both.disk())).find()
    #expect(result.menu?.entries.map { $0.title } == ["modern"])
    #expect(
      result.remarks == [
        "xvda: ext4: /boot/grub/menu.lst is there too; /boot/grub/grub.cfg wins"
      ])
  }

  @Test func linksToTheSameMenuAreNotRemarked() throws {
    let linked = try image(
      "/boot/grub/grub.conf", Self.legacy, "/boot/grub/menu.lst", "@./grub.conf", "/grub",
      "@boot/grub")
    let result = MenuSearch(environment(linked.disk())).find()
    #expect(result.menu?.file.path == "/boot/grub/menu.lst")
    #expect(result.remarks == [])
  }

  @Test func aMenuWithoutEntriesLosesToTheNext() throws {
    let both = try image("/boot/grub/menu.lst", Self.legacy, "/boot/grub/grub.cfg", "set a=b\n")
    let result = MenuSearch(environment(both.disk())).find()
    #expect(result.menu?.entries.map { $0.title } == ["old"])
    #expect(
      result.remarks == [
        "xvda: ext4: menu (hd0)/boot/grub/grub.cfg has no entries"
      ])
  }

  @Test func aDirectoryNamedLikeAMenuIsNone() throws {
    let odd = try image("/boot/grub/grub.cfg/x", "")
    let result = MenuSearch(environment(odd.disk())).find()
    #expect(result.menu == nil)
    #expect(result.remarks == [])
  }

  @Test func aDamagedDirectoryOnTheWayIsRemarked() throws {
    var image = try image("/boot/grub/grub.cfg", Self.script)
    let table = 1024 * Int(image.bytes[2048 + 8])
    for index in 0..<128 { image.bytes[table + 256 + index] = 0 }
    let result = MenuSearch(environment(image.disk())).find()
    #expect(result.menu == nil)
    #expect(result.remarks.first == "xvda: ext4: /boot: inode 2 is not in use")
  }

  @Test func loadsTheMenuThatTheHostNames() throws {
    let both = try image("/boot/grub/menu.lst", Self.legacy, "/boot/grub/grub.cfg", Self.script)
    let search = MenuSearch(environment(both.disk()))
    let file = try #require(HostOptions("(hd0,0)/boot/grub/menu.lst").menu)
    #expect(try search.load(file).entries.map { $0.title } == ["old"])
  }

  @Test func saysWhyTheHostsMenuCanNotBeRead() throws {
    let search = MenuSearch(environment(try image("/m.lst", "title x\n", "/e", "# none\n").disk()))
    func failure(_ words: ByteString) -> ByteString {
      guard let file = HostOptions(words).menu else { return "no file" }
      return message { () throws(BootError) in try search.load(file) }
    }
    #expect(failure("(hd0)/none.lst") == "xvda: ext4: /none.lst: not found")
    #expect(failure("(hd1,0)/m.lst") == "(hd1,1): no such disk or partition")
    #expect(failure("(hd0)/lost+found") == "xvda: ext4: /lost+found: not a file")
    #expect(failure("(hd0,0)/e") == "xvda: ext4: menu (hd0,1)/e has no entries")
  }

  @Test func theInventoryNamesEveryDiskAndFileSystem() throws {
    let search = MenuSearch(
      environment(
        try GuestImage(.gpt).disk("xvda"), blankDisk("xvdb"),
        try image("/k", "kernel").disk("xvdc", isOptical: true)))
    #expect(
      search.inventory() == [
        "xvda: 2 MiB",
        "  xvda1: ext4 'guest' 01234567-89ab-cdef-0123-456789abcdef",
        "  xvda2: no file system that is known here",
        "xvdb: 1 MiB",
        "  xvdb: no file system that is known here",
        "xvdc: 1 MiB, optical",
        "  xvdc: ext4 'guest' 01234567-89ab-cdef-0123-456789abcdef",
      ])
  }

  @Test func theInventoryHasNoBlankForAMissingUUID() throws {
    var image = try image("/k", "kernel").editing(0x68, 0).editing(0x6c, 0)
    image = image.editing(0x70, 0).editing(0x74, 0)
    #expect(MenuSearch(environment(image.disk())).inventory().last == "  xvda: ext4 'guest'")
  }
}
