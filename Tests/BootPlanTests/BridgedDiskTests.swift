// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// Disks with ISO 9660 and UDF, and with UDF alone.
struct BridgedDiskTests {
  private func kernel(_ environment: Environment) throws -> ByteString {
    let target = try #require(try environment.defaultTarget())
    let file = try environment.locate(target.kernel)
    #expect(try file.contents(at: 0, countMax: 6) == Array("1\n2\n3\n".utf8))
    #expect(file.byteCount == 228_894)
    return file.name
  }

  /// As `-hide` of genisoimage leaves them out of ISO 9660: installation media of Windows have one
  /// text there.
  @Test(
    arguments: [
      [], ["-R", "-J"], ["-hide", "boot"], ["-R", "-hide", "grub"], ["-hide", "vmlinuz"],
    ])
  func aSystemThatUDFHasAloneBoots(options: [String]) throws {
    let environment = try environment("bridge", options)
    #expect(try kernel(environment) == "xvdd: udf: /boot/vmlinuz")
    let names = try environment.fileSystem("cd0").allNames("/boot")
    #expect(names.sorted() == ["grub", "initrd", "vmlinuz"])
  }

  private func environment(_ maker: String, _ options: [String]) throws -> Environment {
    let bytes = try TestImage("udf", arguments: [maker] + options).bytes()
    return Environment(
      GuestDisks([GuestDisk(MemoryDevice(name: "xvdd", bytes: bytes), isOptical: true)]))
  }

  @Test func bothIdentifiersAndLabelsAreFound() throws {
    let environment = try environment("bridge", ["-R", "-V", "Both"])
    let system = try environment.fileSystem("cd0")
    #expect(system.label == "Both")
    #expect(system.uuid.count == 16)
    #expect(environment.device(having: .fileSystemUUID(system.uuid)) == "cd0")
    #expect(environment.device(having: .label("Both")) == "cd0")
    // ISO 9660's own is a date.
    let volume = system.volume
    let day = try volume.read(at: 16 * 2048 + 830, count: 16)
    let text = ByteString(day).text
    var parts: [String] = [String(text.prefix(4))]
    for index in stride(from: 4, to: 16, by: 2) {
      let start = text.index(text.startIndex, offsetBy: index)
      parts.append(String(text[start..<text.index(start, offsetBy: 2)]))
    }
    let date = ByteString(parts.joined(separator: "-"))
    #expect(environment.device(having: .fileSystemUUID(date)) == "cd0")
    #expect(environment.property(.fileSystem, of: "cd0") == "udf")
    #expect(MenuSearch(environment).find().remarks.isEmpty)
  }

  /// genisoimage leaves an empty file in UDF where ISO 9660 has a symbolic link.
  @Test func aLinkOfRockRidgeCounts() throws {
    let environment = try environment("linked", ["-R"])
    let system = try environment.fileSystem("cd0")
    #expect(try system.contents("/vmlinuz", limit: 1 << 20).count == 228_894)
    #expect(try system.allNames("/").contains("vmlinuz"))
  }

  @Test func aDiskWithUDFAloneBoots() throws {
    for words in [[], ["kind=metadata", "revision=0x250"], ["block=512"]] {
      let environment = try environment("made", words)
      #expect(try kernel(environment) == "xvdd: udf: /boot/vmlinuz")
      #expect(environment.device(having: .label("Label")) == "cd0")
      #expect(environment.device(having: .fileSystemUUID("0123456789ABCDEF")) == "cd0")
    }
  }

  /// If one of the two is damaged the other is read.
  @Test(arguments: ["udf", "iso9660"])
  func oneOfTwoWillDo(good: ByteString) throws {
    var bytes = try TestImage("udf", arguments: ["bridge", "-R"]).bytes()
    // The primary descriptor, or both sequences of UDF's.
    let damaged = good == "udf" ? 16 * 2048 + 8..<17 * 2048 : 32 * 2048..<64 * 2048
    for offset in damaged { bytes[offset] = 0xff }
    let environment = Environment(
      GuestDisks([GuestDisk(MemoryDevice(name: "xvdd", bytes: bytes), isOptical: true)]))
    #expect(try environment.fileSystem("cd0").formatName == good)
    #expect(try kernel(environment) == "xvdd: \(good): /boot/vmlinuz")
    #expect(
      MenuSearch(environment).find().remarks
        == (good == "udf" ? [] : ["xvdd: iso9660: its UDF file system is passed over"]))
  }
}
