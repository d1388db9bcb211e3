// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Testing

@testable import BootPlan

/// What `save_env` leaves on a real ext4.
@Suite struct StateWriterTests {
  private static let menu = """
    load_env
    if [ "${next_entry}" ]; then
      set default="${next_entry}"
      set next_entry=
      save_env next_entry
    fi
    function savedefault { saved_entry="${chosen}"; save_env saved_entry; }
    menuentry first { linux /boot/vmlinuz first; }
    menuentry second { savedefault; linux /boot/vmlinuz second; }
    """
  private static let block =
    "# GRUB Environment Block\nnext_entry=1\n" + String(repeating: "#", count: 1024 - 38)

  private let disk: MemoryDevice
  private let image: GuestImage

  init() throws {
    image = try GuestImage(
      .msdos,
      ["/boot/grub/grub.cfg", Self.menu, "/boot/grub/grubenv", Self.block, "/boot/vmlinuz", "k"])
    disk = MemoryDevice(name: "xvda", bytes: image.bytes)
    disk.isWritable = true
  }

  private func environment() -> GuestEnvironment<CachedDevice<MemoryDevice>> {
    GuestEnvironment(GuestDisks([GuestDisk(CachedDevice(disk), isOptical: false)]))
  }

  private func grubenv() -> EnvironmentBlock? {
    environment().contents(
      of: MenuFile(device: "", path: "/boot/grub/grubenv"), byteCountMax: 1 << 16
    ).flatMap { EnvironmentBlock($0) }
  }

  /// One start of the guest: the lines of the log, and the command line of what boots.
  private func start(
    _ extra: ByteString = ""
  ) throws -> (lines: [ByteString], commandLine: ByteString) {
    let world = environment()
    let options = HostOptions(extra)
    let menu = try #require(MenuSearch(world).find().menu)
    var lines = world.save(menu.savedVariables, options: options)
    let run = try #require(MenuInterpreter(environment: world).runDefault(of: menu))
    guard case .boot(let target) = try run.result.get().outcome else { return (lines, "") }
    lines += world.save(target.savedVariables, options: options)
    return (lines, target.commandLine)
  }

  @Test func nextEntryIsTakenOnce() throws {
    let first = try start()
    #expect(first.commandLine == "second")
    #expect(
      first.lines == [
        "saved next_entry in (hd0,msdos1)/boot/grub/grubenv",
        "saved saved_entry in (hd0,msdos1)/boot/grub/grubenv",
      ])
    #expect(grubenv()?.value("next_entry") == "")
    #expect(grubenv()?.value("saved_entry") == "second")
    let second = try start()
    #expect(second.commandLine == "first")
    #expect(second.lines.isEmpty)
  }

  private func volume() throws -> Volume<CachedDevice<MemoryDevice>> {
    let disks = environment().disks
    return try #require(disks.mounted.first.map { disks[$0].volume })
  }

  private func refusal(_ reason: ByteString) -> ByteString {
    "(hd0,msdos1)/boot/grub/grubenv is not written: \(reason)"
  }

  @Test func nothingIsWrittenOnAMemberOfARaid() throws {
    let volume = try volume()
    let place = Int((volume.byteOffsetOnDevice ?? 0) + (volume.byteCount - 8192) / 4096 * 4096)
    disk.bytes.replaceSubrange(place..<place + 4, with: [0xfc, 0x4e, 0x2b, 0xa9])
    let bytes = disk.bytes
    #expect(try start().lines.first == refusal("the volume is a part of a RAID"))
    #expect(disk.bytes == bytes)
  }

  /// Changes a byte of the superblock, and its checksum.
  private func changeSuperblock(_ offset: Int, to value: UInt8) throws {
    let start = Int(try volume().byteOffsetOnDevice ?? 0) + 1024
    disk.bytes[start + offset] = value
    let sum = CRC32.castagnoli.update(~0, Array(disk.bytes[start..<start + 1020]))
    for index in 0..<4 {
      disk.bytes[start + 1020 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index))
    }
  }

  @Test(arguments: [0, 3] as [UInt8])
  func nothingIsWrittenOnAFileSystemInUseOrWithErrors(state: UInt8) throws {
    try changeSuperblock(0x3a, to: state)
    let bytes = disk.bytes
    let result = try start()
    #expect(result.lines.first == refusal("the file system is in use, or has errors"))
    #expect(result.commandLine == "second")
    #expect(disk.bytes == bytes)
  }

  @Test func nothingIsWrittenWithSharedBlocks() throws {
    let place = Int(try volume().byteOffsetOnDevice ?? 0) + 1024 + 0x65
    try changeSuperblock(0x65, to: disk.bytes[place] | 0x40)
    let bytes = disk.bytes
    let reason: ByteString = "the file system has features for which nothing is written"
    #expect(try start().lines.first == refusal(reason))
    #expect(disk.bytes == bytes)
  }

  @Test func onlyTheBytesOfTheFileChange() throws {
    _ = try start()
    var differing: [Int] = []
    for index in image.bytes.indices where image.bytes[index] != disk.bytes[index] {
      differing.append(index)
    }
    let first = try #require(differing.first)
    #expect(!differing.isEmpty && differing.last.map { $0 - first < 1024 } == true)
  }

  @Test func nothingIsWrittenWhereTheHostOrTheDiskForbidsIt() throws {
    let line: ByteString = "(hd0,msdos1)/boot/grub/grubenv is not written: "
    #expect(try start("readonly").lines.first == line + "the host says readonly")
    disk.isWritable = false
    #expect(try start().lines.first == line + "the disk may not be written")
    #expect(disk.bytes == image.bytes)
  }

  @Test func nothingIsWrittenWhereTheJournalIsDirty() throws {
    // s_feature_incompat, INCOMPAT_RECOVER; the superblock's checksum is of mke2fs's making.
    let place = image.superblock + 0x60
    disk.bytes[place] |= 4
    let before = disk.bytes
    let lines = try start().lines
    #expect(lines.allSatisfy { $0.hasSuffix("not unmounted") || $0.hasSuffix("checksum") })
    #expect(disk.bytes == before)
  }

  @Test func fileThatIsMissingOrNoBlockIsRefused() throws {
    let world = environment()
    let missing = BootTarget.SavedVariable(
      file: MenuFile(device: "", path: "/boot/none"), name: "a", value: "1")
    let other = BootTarget.SavedVariable(
      file: MenuFile(device: "", path: "/boot/vmlinuz"), name: "a", value: "1")
    let lines = world.save([missing, other], options: HostOptions(""))
    #expect(lines.count == 2)
    #expect(lines.first == "/boot/none is not written: xvda1: ext4: /boot/none: not found")
    #expect(lines.last?.hasPrefix("/boot/vmlinuz is not written: it") == true)
    #expect(disk.bytes == image.bytes)
  }

  @Test func diskThatForgetsWritesIsFoundOut() throws {
    let image = image
    let forgetful = ForgetfulDevice(image.bytes)
    let world = GuestEnvironment(GuestDisks([GuestDisk(forgetful, isOptical: false)]))
    let saved = BootTarget.SavedVariable(
      file: MenuFile(device: "", path: "/boot/grub/grubenv"), name: "a", value: "1")
    #expect(
      world.save([saved], options: HostOptions("")) == [
        "/boot/grub/grubenv is not written: the disk does not hold what was written"
      ])
  }
}

/// A disk that takes writes and does nothing.
private final class ForgetfulDevice: BlockDevice {
  private let device: MemoryDevice
  init(_ bytes: [UInt8]) { device = MemoryDevice(name: "xvda", bytes: bytes) }
  var name: ByteString { device.name }
  var byteCount: UInt64 { device.byteCount }
  var sectorByteCount: Int { 512 }
  var isWritable: Bool { true }
  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try device.read(at: byteOffset, count: count)
  }
  func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {}
}
