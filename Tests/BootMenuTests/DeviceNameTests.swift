// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Testing

@Suite struct DeviceNameTests {
  @Test(arguments: [
    ("hd0", DeviceName.Disk.hardDisk(0), DeviceName.Scheme?.none, 0),
    ("(hd1,msdos5)", .hardDisk(1), .mbr, 5), ("hd0,gpt2", .hardDisk(0), .gpt, 2),
    ("hd0,1", .hardDisk(0), .any, 1), ("hd0,msdos1,bsd1", .hardDisk(0), .mbr, 1),
    ("cd0", .opticalDisk(0), nil, 0), ("xen/xvda,msdos1", .named("xvda"), .mbr, 1),
    ("/dev/xvdb,gpt3", .named("xvdb"), .gpt, 3), ("xvda1", .named("xvda1"), nil, 0),
    ("hda", .named("hda"), nil, 0), ("lvm/vg-root", .other("lvm/vg-root"), nil, 0),
    ("md/0,1", .other("md/0"), .any, 1),
  ])
  func namesAreTakenApart(
    _ name: String, _ disk: DeviceName.Disk, _ scheme: DeviceName.Scheme?, _ number: Int
  ) {
    let parsed = DeviceName(ByteString(name))
    #expect(parsed?.disk == disk)
    #expect(parsed?.partition?.scheme == scheme)
    #expect(parsed?.partition?.number ?? 0 == UInt64(number))
  }

  @Test(arguments: ["", "()", "hd0,", "hd0,gpt0", "hd0,x", "xen/", "hd0,99999999999999999999"])
  func badNamesAreRefused(_ name: String) { #expect(DeviceName(ByteString(name)) == nil) }

  @Test func namesOfPartitionsCanBeSplit() {
    #expect(DeviceName("xvda12")?.asPartitionOfDisk == DeviceName("xvda,12"))
    #expect(DeviceName("xvda")?.asPartitionOfDisk == nil)
    #expect(DeviceName("xvda0")?.asPartitionOfDisk == nil)
    #expect(DeviceName("xvda1,1")?.asPartitionOfDisk == nil)
    #expect(DeviceName("hd0")?.asPartitionOfDisk == nil)
  }

  @Test func legacyNamesCountFromZero() {
    #expect(DeviceName.modern(legacy: "(hd0,0)") == "hd0,1")
    #expect(DeviceName.modern(legacy: "hd2,4,a") == "hd2,5")
    #expect(DeviceName.modern(legacy: "(hd0)") == "hd0")
    #expect(DeviceName.modern(legacy: "hd0,18446744073709551615") == "hd0,18446744073709551615")
  }

  @Test func filesAreNamedWithAndWithoutDevice() {
    #expect(MenuFile("(hd0)/a", root: "r") == MenuFile(device: "hd0", path: "/a"))
    #expect(MenuFile("()/a", root: "r") == MenuFile(device: "r", path: "/a"))
    #expect(MenuFile("/a", root: "r") == MenuFile(device: "r", path: "/a"))
    #expect(MenuFile("(hd0/a", root: "r") == nil)
    #expect(MenuFile(device: "hd0", path: "/a/b").directory.name == "(hd0)/a")
    #expect(MenuFile(device: "", path: "b").directory.name == "")
  }

  @Test func formatsAreTold() {
    #expect(MenuFormat(path: "/boot/grub/grub.cfg", text: "title") == .grub2)
    #expect(MenuFormat(path: "/boot/grub/menu.lst", text: "set a=b") == .legacy)
    #expect(MenuFormat(path: "/boot/grub/grub.conf", text: "# x\ndefault=0\ntitle a\n") == .legacy)
    #expect(MenuFormat(path: "/boot/grub/grub.conf", text: "# x\nset default=0\n") == .grub2)
    #expect(MenuFormat(path: "/x", text: "") == .legacy)
    for path in ConfigSearch.scripts { #expect(MenuFormat(path: path, text: "") == .grub2) }
    for path in ConfigSearch.syslinux { #expect(MenuFormat(path: path, text: "") == .syslinux) }
    for path in ConfigSearch.legacy { #expect(MenuFormat(path: path, text: "") == .legacy) }
    #expect(MenuFormat(path: "/boot/loader/entries/a.conf", text: "title") == .bls)
    #expect(MenuFormat(path: "/loader/loader.conf", text: "") == .bls)
    #expect(MenuFormat(path: "/x", text: "# x\nLABEL a\n") == .syslinux)
  }
}
