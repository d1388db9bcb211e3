// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BootPlan

/// A disk laid out as Flatcar's, with a menu that asks for the system to start.
struct SlotMenuTests {
  private static let menu = """
    set prefix=($root)/flatcar/grub
    set default="flatcar"
    set fallback="0 0 0"
    set linux_cmdline="rootflags=rw root=LABEL=ROOT console=hvc0"
    set suf=""
    function abort { echo; echo "Aborted."; read anything; exit; }
    function gptprio {
        gptprio.next -d usr_device -u usr_uuid
        if [ $? -ne 0 -o -z "$usr_uuid" ]; then
            abort
        fi
        set gptprio_cmdline="mount.usr=/dev/mapper/usr verity.usr=PARTUUID=$usr_uuid"
        if [ "$usr_uuid" = "7130c94a-213a-4e5a-8e26-6cce9662f132" ]; then
            set slot="a"
        else
            set slot="b"
        fi
    }
    function load_slot {
        verify_detached ($root)/flatcar/load-$1 ($root)/flatcar/load-$1.sig
        configfile ($root)/flatcar/load-$1
    }
    export linux_cmdline gptprio_cmdline suf
    menuentry "Flatcar default" --id=flatcar --unrestricted {
        gptprio
        linux$suf /flatcar/vmlinuz-$slot $gptprio_cmdline $linux_cmdline
    }
    menuentry "By slot" --id=slot {
        gptprio
        export gptprio_cmdline
        load_slot "$slot"
    }
    menuentry "Flatcar USR-B" --id=flatcar-b {
        linux /flatcar/vmlinuz-b verity.usr=PARTLABEL=USR-B $linux_cmdline
    }
    """

  private static let hash = String(repeating: "0123456789abcdef", count: 4)

  private func disk(_ first: String, _ second: String) throws -> MemoryDevice {
    // A bzImage with the hash of /usr where Flatcar's build puts it.
    var kernel = [UInt8](repeating: 0, count: 1024)
    kernel.replaceSubrange(0x40..<0x80, with: Array(Self.hash.utf8))
    kernel.replaceSubrange(0x1fe..<0x206, with: [0x55, 0xaa, 0xeb, 0x66] + Array("HdrS".utf8))
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString).path
    try Data(kernel).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let load = "linux$suf /flatcar/vmlinuz-b $gptprio_cmdline by-slot"
    let image = try TestImage(
      "gpt-slots", first, second, "/boot/grub/grub.cfg", Self.menu, "/flatcar/vmlinuz-a",
      "=" + path, "/flatcar/vmlinuz-b", "kernel b", "/flatcar/load-b", load)
    let disk = MemoryDevice(name: "xvda", bytes: try image.bytes())
    disk.isWritable = true
    return disk
  }

  private func world(_ disk: MemoryDevice) -> Environment {
    BootPlanTests.environment(GuestDisk(disk, isOptical: false))
  }

  private func files(_ world: Environment) throws -> (BootFiles<MemoryDevice>, BootTarget) {
    let target = try #require(try world.defaultTarget())
    return (try world.locate(target), target)
  }

  @Test func theNextSystemBootsWithItsTriesCountedDownAndTheHashOfItsUsr() throws {
    let disk = try disk("2:1:0", "1:0:1")
    let world = world(disk)
    let (first, target) = try files(world)
    #expect(first.kernel.name == "xvda1: ext4: /flatcar/vmlinuz-a")
    #expect(
      first.commandLine.text
        == "mount.usr=/dev/mapper/usr verity.usr=PARTUUID=7130c94a-213a-4e5a-8e26-6cce9662f132 "
        + "rootflags=rw root=LABEL=ROOT console=hvc0 verity.usrhash=\(Self.hash)")
    let lines = world.save(target.savedVariables, options: HostOptions(""))
    #expect(lines == ["took a try of (hd0,gpt3)"])
    // The fallback is the same entry: the other system is next, now and after a new start.
    for world in [world, self.world(disk)] {
      let (second, target) = try files(world)
      #expect(second.kernel.name == "xvda1: ext4: /flatcar/vmlinuz-b")
      #expect(target.savedVariables == [])
      #expect(second.commandLine.hasSuffix("console=hvc0"), "a kernel without a hash")
    }
  }

  @Test func triesThatCantBeWrittenCountUntilTheEnd() throws {
    let disk = try disk("2:1:0", "1:0:1")
    let bytes = disk.bytes
    for (extra, isWritable, reason): (ByteString, Bool, ByteString) in [
      ("readonly", true, "the host says readonly"), ("", false, "the disk may not be written"),
    ] {
      disk.isWritable = isWritable
      let world = world(disk)
      let (_, target) = try files(world)
      #expect(
        world.save(target.savedVariables, options: HostOptions(extra))
          == ["the tries left for (hd0,gpt3) are not written: \(reason)"])
      #expect(disk.bytes == bytes)
      #expect(try files(world).0.kernel.name == "xvda1: ext4: /flatcar/vmlinuz-b")
    }
  }

  @Test func noOtherCommandTakesATry() throws {
    let world = world(try disk("2:1:0", "1:0:1"))
    let menu = try MenuInterpreter(environment: world).menu(
      "save_env -f (hd0,gpt3) tries\nmenuentry x { true; }",
      file: MenuFile(device: "hd0,gpt1", path: "/x.cfg"), format: .grub2)
    #expect(menu.savedVariables == [])
    #expect(menu.warnings.first?.message.hasSuffix("bad name (hd0,gpt3)") == true)
  }

  @Test func withoutASystemTheMenuSaysSo() throws {
    let world = world(try disk("2:0:0", "0:1:1"))
    let menu = try #require(MenuSearch(world).find().menu)
    let run = try MenuInterpreter(environment: world).run(0, of: menu)
    guard case .exit = run.outcome else {
      Issue.record("it went on")
      return
    }
    #expect(run.output.text.contains("Aborted."))
    #expect(
      run.warnings.map { $0.message.text }.contains {
        $0.contains("gptprio.next: no partition of (hd0) is to be started")
      })
  }

  @Test func aFileThatLoadsAKernelAndHasNoMenuLeavesItToTheEntry() throws {
    let world = world(try disk("1:0:1", "2:0:1"))
    let menu = try #require(MenuSearch(world).find().menu)
    let run = try MenuInterpreter(environment: world).run(1, of: menu)
    guard case .boot(let target) = run.outcome else {
      Issue.record("no boot")
      return
    }
    #expect(target.kernel.path == "/flatcar/vmlinuz-b")
    #expect(target.commandLine.hasSuffix("e03dd35c-7c2d-4a47-b3fe-27f15780a57c by-slot"))
  }

  @Test(arguments: [
    ("gptprio.next -d a", "-d and -u are required"),
    ("gptprio.next -u a", "-d and -u are required"),
    ("gptprio.next -d a -u b hd0 hd1", "unexpected arguments"),
    ("gptprio.next -d a -u b hd7", "no partition of (hd7) is to be started"),
  ])
  func wrongArgumentsAreNamed(_ command: String, _ reason: String) throws {
    let world = world(try disk("1:0:1", "2:0:1"))
    let menu = try MenuInterpreter(environment: world).menu(
      ByteString(Array("\(command)\nmenuentry x { true; }".utf8)),
      file: MenuFile(device: "hd0,gpt1", path: "/x.cfg"), format: .grub2)
    #expect(menu.warnings.map { $0.message.text }.contains { $0.hasSuffix(reason) })
  }
}
