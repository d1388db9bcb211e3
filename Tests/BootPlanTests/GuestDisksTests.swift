// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Testing

/// The names that menus have for disks and partitions.
struct GuestDisksTests {
  /// The name for people of the volume that `name` stands for.
  func volume(_ name: ByteString, _ environment: Environment) -> ByteString? {
    environment.disks.position(named: name).map { environment.disks[$0].volume.name }
  }

  @Test func takesAllNamesOfAnMBRPartition() throws {
    let environment = environment(try GuestImage(.msdos).disk())
    for name: ByteString in [
      "hd0,msdos1", "hd0,1", "(hd0,1)", "xen/xvda,1", "xen/xvda,msdos1", "/dev/xvda1", "xvda1",
      "sda1", "/dev/sda,msdos1", "hda1",
    ] { #expect(volume(name, environment) == "xvda1", "\(name.text)") }
    for name: ByteString in [
      "hd0,gpt1", "hd0,3", "hd1", "cd0", "xvdb1", "xvda3", "lvm/vg-root", "a1", "/dev/a1", "",
      "hd18446744073709551615",
    ] { #expect(volume(name, environment) == nil, "\(name.text)") }
    #expect(environment.deviceNames() == ["hd0", "hd0,msdos1", "hd0,msdos2"])
  }

  @Test func takesTheNamesOfAGPTPartition() throws {
    let environment = environment(try GuestImage(.gpt).disk())
    for name: ByteString in ["hd0,gpt1", "hd0,1", "xen/xvda,gpt1", "(xvda1)", "/dev/sda1"] {
      #expect(volume(name, environment) == "xvda1", "\(name.text)")
    }
    #expect(volume("hd0,msdos1", environment) == nil)
    #expect(environment.deviceNames() == ["hd0", "hd0,gpt1", "hd0,gpt2"])
  }

  @Test func aDiskWithoutAFileSystemStandsForItsFirstPartitionWithOne() throws {
    let environment = environment(try GuestImage(.gpt).disk())
    #expect(volume("hd0", environment) == "xvda1")
    #expect(volume("xen/xvda", environment) == "xvda1")
  }

  @Test func aPartitionOfADiskWithoutAnyIsTheDisk() throws {
    let environment = environment(try GuestImage(.bare).disk(), blankDisk("xvdb"))
    for name: ByteString in ["hd0", "hd0,1", "hd0,msdos1", "hd0,gpt2", "xvda", "sda1"] {
      #expect(volume(name, environment) == "xvda", "\(name.text)")
    }
    // Only where there is a file system.
    #expect(volume("hd1,1", environment) == nil)
    #expect(volume("hd1", environment) == "xvdb")
  }

  @Test func aFileSystemAttachedAsAPartitionHasBothNames() throws {
    let environment = environment(blankDisk("xvda1"), try GuestImage(.bare).disk("xvda2"))
    for name: ByteString in [
      "xvda2", "/dev/sda2", "hd1", "hd1,2", "xen/xvda,msdos2", "xen/xvda,2", "/dev/xvda2",
    ] { #expect(volume(name, environment) == "xvda2", "\(name.text)") }
  }

  @Test func anExactDiskNameWinsOverASimilarOneBeforeIt() throws {
    let environment = environment(blankDisk("hda"), try GuestImage(.bare).disk("xvda"))
    #expect(volume("xen/xvda", environment) == "xvda")
    #expect(volume("/dev/hda", environment) == "hda")
    #expect(volume("/dev/sda", environment) == "hda")
  }

  @Test func countsOpticalDrivesByThemselves() throws {
    let image = try GuestImage(.bare)
    let environment = environment(
      image.disk("xvda"), image.disk("xvdb", isOptical: true), image.disk("xvdc"),
      image.disk("xvdd", isOptical: true))
    #expect(environment.deviceNames() == ["hd0", "cd0", "hd1", "cd1"])
    #expect(volume("hd1", environment) == "xvdc")
    #expect(volume("cd0", environment) == "xvdb")
    #expect(volume("cd1", environment) == "xvdd")
    #expect(volume("cd2", environment) == nil)
  }

  @Test func namesWhatIsNotThere() throws {
    let environment = environment(blankDisk("xvda"))
    func failure(_ device: ByteString) -> ByteString {
      message { () throws(BootError) in try environment.fileSystem(device) }
    }
    #expect(failure("hd7,msdos3") == "(hd7,msdos3): no such disk or partition")
    #expect(failure("hd0") == "xvda: no file system that is known here")
    #expect(failure("") == "no file system on any disk")
  }

  @Test func aDamagedPartitionTableIsTheReasonForAMissingPartition() throws {
    var image = try GuestImage(.gpt)
    for index in 0..<8 {
      image.bytes[512 + index] = 0
      image.bytes[image.bytes.count - 512 + index] = 0
    }
    let environment = environment(image.disk())
    let expected: ByteString =
      "xvda: partition table: GPT is damaged (first copy: no signature; backup: no signature)"
    for name: ByteString in ["hd0,gpt1", "xvda1", "hd0"] {
      let found = message { () throws(BootError) in try environment.fileSystem(name) }
      #expect(found == expected, "\(name.text)")
    }
    #expect(MenuSearch(environment).inventory() == ["xvda: 2 MiB", "  \(expected)"])
  }
}

/// What `search` finds.
struct SearchTests {
  @Test func findsByWhatFileSystemAndPartitionAreCalled() throws {
    let environment = environment(blankDisk("xvda"), try GuestImage(.gpt).disk("xvdb"))
    #expect(environment.device(having: .fileSystemUUID(GuestImage.uuid)) == "hd1,gpt1")
    #expect(
      environment.device(having: .fileSystemUUID("01234567-89AB-CDEF-0123-456789ABCDEF"))
        == "hd1,gpt1")
    #expect(environment.device(having: .label("guest")) == "hd1,gpt1")
    #expect(environment.device(having: .label("GUEST")) == nil)
    #expect(environment.device(having: .file("/boot/vmlinuz")) == "hd1,gpt1")
    #expect(environment.device(having: .file("boot/vmlinuz")) == "hd1,gpt1")
    #expect(environment.device(having: .file("/boot/none")) == nil)
    let partition: ByteString = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    #expect(environment.device(having: .partitionUUID(partition)) == "hd1,gpt1")
    #expect(environment.device(having: .fileSystemUUID(partition)) == nil)
  }

  @Test func findsAnMBRPartitionByItsIdentifier() throws {
    let environment = environment(try GuestImage(.msdos).disk())
    #expect(environment.device(having: .partitionUUID("DEADBEEF-01")) == "hd0,msdos1")
  }

  @Test func nothingHasAnEmptyName() throws {
    let environment = environment(try GuestImage(.bare).disk())
    #expect(environment.device(having: .fileSystemUUID("")) == nil)
    #expect(environment.device(having: .label("")) == nil)
    #expect(environment.device(having: .partitionUUID("")) == nil)
  }

  @Test func aDirectoryIsNoFileToSearchFor() throws {
    let environment = environment(try GuestImage(.bare).disk())
    #expect(environment.device(having: .file("/boot")) == nil)
  }
}
