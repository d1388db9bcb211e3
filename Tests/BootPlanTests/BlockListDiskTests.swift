// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BootPlan

/// Files on real disks that menus name by their sectors, and GRUB 2.14's environment block in the
/// head of a btrfs.
struct BlockListDiskTests {
  private func read(_ name: ByteString, in environment: Environment) -> ByteString? {
    MenuFile(name, root: "").flatMap { environment.contents(of: $0, byteCountMax: 1 << 20) }
  }

  /// `grub-fstest` reads random lists of a disk, and so do we.
  @Test func theSameBytesAreReadAsByGrubFstest() throws {
    let bytes = (0..<64 * 512).map { UInt8(truncatingIfNeeded: $0 / 512 &* 7 ^ $0) }
    let environment = BootPlanTests.environment(
      GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false))
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-blocks-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var random = SplitMix(seed: 7)
    var goodCount = 0
    for _ in 0..<60 {
      var list = (0...random.below(3)).map { _ in
        "\(["", "0", "1", "7", "0x1f", "011", "63", "64"][random.below(8)])+"
          + "\(["1", "2", "3", "0x10", "1", "0", "x"][random.below(7)])"
      }.joined(separator: ",")
      if random.below(12) == 0 { list += [" 1+1", ",", "x"][random.below(3)] }
      let judged = try HostTool.run(["grub-fstest", file.path, "cat", "(loop0)\(list)"])
      let ours = BlockList(ByteString(Array(list.utf8))).flatMap { _ in
        read(ByteString(Array("(hd0)\(list)".utf8)), in: environment)
      }
      #expect(ours?.bytes == (judged.status == 0 ? judged.output : nil), "\(list)")
      if ours != nil { goodCount += 1 }
    }
    #expect(goodCount > 15)
  }

  @Test func aWholeDiskIsMeantEvenIfItHasPartitions() throws {
    let image = try GuestImage(.msdos)
    let environment = environment(image.disk())
    #expect(read("(hd0)0+1", in: environment)?.bytes == Array(image.bytes[..<512]))
    let inside = Array(image.bytes[65 * 512..<67 * 512])
    #expect(read("(hd0,msdos1)1+2", in: environment)?.bytes == inside)
    #expect(read("(xen/xvda1)1+2", in: environment)?.bytes == inside)
    #expect(read("1+2", in: environment)?.bytes == inside)
  }

  @Test func whatIsNotThereIsNamed() throws {
    let environment = environment(try GuestImage(.msdos).disk())
    func failure(_ name: ByteString) -> ByteString {
      message { () throws(BootError) in
        try environment.locate(MenuFile(name, root: "") ?? MenuFile(device: "", path: ""))
      }
    }
    #expect(
      failure("(hd0,msdos1)2047+2")
        == "xvda1: a list of blocks leads beyond the device's end")
    #expect(failure("(hd5)1+1") == "(hd5): no such disk or partition")
    #expect(read("(hd0)+", in: environment) == nil, "more than is asked for")
  }

  @Test func aKernelAndAMenuMayBeLists() throws {
    let inner = "menuentry inner { linux (hd1)4+2 list; initrd (hd1)8+1; }\n"
    var disk = [UInt8](repeating: 0x20, count: 16 * 512)
    disk.replaceSubrange(512..<512 + inner.utf8.count, with: Array(inner.utf8))
    disk.replaceSubrange(4 * 512..<4 * 512 + 6, with: Array("kernel".utf8))
    let menu = "configfile (hd1)1+1"
    let environment = environment(
      try GuestImage(.bare, ["/boot/grub/grub.cfg", menu]).disk(),
      GuestDisk(MemoryDevice(name: "xvdb", bytes: disk), isOptical: false))
    let files = try environment.locate(try #require(try environment.defaultTarget()))
    #expect(files.commandLine == "list")
    #expect(files.kernel.name == "xvdb: blocks 4+2")
    #expect(files.kernel.byteCount == 1024)
    #expect(try files.kernel.contents(at: 0, countMax: 6) == Array("kernel".utf8))
    #expect(files.initrds.map { $0.byteCount } == [512])
  }

  // MARK: The environment block of btrfs

  /// What grub-mkconfig of GRUB 2.14 writes for `GRUB_DEFAULT=saved`, as far as it matters here.
  private static let menu = """
    if [ -s $prefix/grubenv ]; then
      load_env
    fi
    if [ "${env_block}" ] ; then
      set env_block="(${root})${env_block}"
      export env_block
      load_env -f "${env_block}"
    fi
    if [ "${next_entry}" ] ; then
       set default="${next_entry}"
       set next_entry=
       if [ "${env_block}" ] ; then
         save_env -f "${env_block}" next_entry
       else
         save_env next_entry
       fi
       set boot_once=true
    else
       set default="${saved_entry}"
    fi
    function savedefault {
      if [ -z "${boot_once}" ]; then
        saved_entry="${chosen}"
        if [ "${env_block}" ] ; then
          save_env -f "${env_block}" saved_entry
        else
          save_env saved_entry
        fi
      fi
    }
    menuentry one { savedefault; linux /vmlinuz first; }
    menuentry two { savedefault; linux /vmlinuz second; }
    menuentry three { savedefault; linux /vmlinuz third; }
    """
  private static let place = 512 * 512

  private static func block(_ variables: String, byteCount: Int) -> String {
    let text = "# GRUB Environment Block\n" + variables
    return text + String(repeating: "#", count: byteCount - text.utf8.count)
  }

  private func disk(_ variables: String) throws -> MemoryDevice {
    let image = try TestImage(
      "btrfs-files", "/boot/grub/grub.cfg", Self.menu, "/vmlinuz", "kernel", "/boot/grub/grubenv",
      Self.block("saved_entry=three\nenv_block=512+1\n", byteCount: 1024))
    let disk = MemoryDevice(name: "xvda", bytes: try image.bytes())
    let block = Array(Self.block(variables, byteCount: 512).utf8)
    disk.bytes.replaceSubrange(Self.place..<Self.place + 512, with: block)
    disk.isWritable = true
    return disk
  }

  /// One start of the guest: what is said about saving, and what boots.
  private func start(
    _ disk: MemoryDevice, _ extra: ByteString = ""
  ) throws -> (lines: [ByteString], commandLine: ByteString) {
    let world = BootPlanTests.environment(GuestDisk(disk, isOptical: false))
    let options = HostOptions(extra)
    let menu = try #require(MenuSearch(world).find().menu)
    var lines = world.save(menu.savedVariables, options: options)
    let run = try #require(MenuInterpreter(environment: world).runDefault(of: menu))
    guard case .boot(let target) = try run.result.get().outcome else { return (lines, "") }
    lines += world.save(target.savedVariables, options: options)
    return (lines, target.commandLine)
  }

  @Test func nextEntryInTheHeadOfABtrfsIsTakenOnceAndSavedEntryKept() throws {
    let disk = try disk("next_entry=two\n")
    let before = disk.bytes
    let first = try start(disk)
    #expect(first.commandLine == "second")
    #expect(first.lines == ["saved next_entry in (hd0)512+1"])
    #expect(
      disk.bytes[Self.place..<Self.place + 512].elementsEqual(
        Self.block("next_entry=\n", byteCount: 512).utf8))
    var other = disk.bytes
    other.replaceSubrange(
      Self.place..<Self.place + 512, with: before[Self.place..<Self.place + 512])
    #expect(other == before, "nothing else is written")
    let second = try start(disk)
    #expect(second.commandLine == "third", "saved_entry of the file")
    #expect(second.lines == ["saved saved_entry in (hd0)512+1"])
    #expect(try start(disk).lines == [])
  }

  @Test func nothingIsWrittenIfTheHostSaysSoOrTheDiskIsReadOnly() throws {
    let disk = try disk("next_entry=two\n")
    let bytes = disk.bytes
    #expect(
      try start(disk, "readonly").lines
        == ["(hd0)512+1 is not written: the host says readonly"])
    disk.isWritable = false
    let result = try start(disk)
    #expect(result.lines == ["(hd0)512+1 is not written: the disk may not be written"])
    #expect(result.commandLine == "second")
    #expect(disk.bytes == bytes)
  }

  @Test func nothingIsWrittenOutsideOfTheReservedPart() throws {
    let disk = try disk("next_entry=two\n")
    let world = BootPlanTests.environment(GuestDisk(disk, isOptical: false))
    let reason: ByteString = "blocks are written in the reserved part of a btrfs only"
    for list in ["128+1", "135+1", "2048+1", "2047+2", "0+1"] as [ByteString] {
      let block = try #require(BlockList(list))
      #expect(try world.writeObstacle(of: block, on: "hd0") == reason, "\(list.text)")
    }
    for list in ["136+1", "512+1", "2047+1"] as [ByteString] {
      #expect(try world.writeObstacle(of: try #require(BlockList(list)), on: "hd0") == nil)
    }
    let ext4 = environment(try GuestImage(.msdos).disk())
    let block = try #require(BlockList("512+1"))
    #expect(try ext4.writeObstacle(of: block, on: "hd0") == "the disk may not be written")
    let other = MemoryDevice(name: "xvda", bytes: try GuestImage(.msdos).bytes)
    other.isWritable = true
    let writable = environment(GuestDisk(other, isOptical: false))
    #expect(try writable.writeObstacle(of: block, on: "hd0,msdos1") == reason)
  }

  @Test func sectorsThatHoldNoBlockAreLeftAlone() throws {
    let disk = try disk("")
    disk.bytes.replaceSubrange(Self.place..<Self.place + 6, with: Array("a core".utf8))
    let bytes = disk.bytes
    let world = BootPlanTests.environment(GuestDisk(disk, isOptical: false))
    let file = MenuFile(device: "hd0", path: "512+1")
    #expect(
      world.save([.init(file: file, name: "a", value: "b")], options: HostOptions("")) == [
        "(hd0)512+1 is not written: it is no environment block"
      ])
    #expect(disk.bytes == bytes)
  }

  @Test func aDeviceThatFailsAtAnyReadGivesNoFileAndNoTrap() throws {
    let bytes = try disk("next_entry=two\n").bytes
    let file = MenuFile(device: "hd0", path: "512+1")
    for failing in 1...40 {
      let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
      device.failingRead = failing
      let world = GuestEnvironment(GuestDisks([GuestDisk(device, isOptical: false)]))
      let contents = world.contents(of: file, byteCountMax: 4096)
      #expect(contents == nil || contents?.count == 512)
    }
  }
}
