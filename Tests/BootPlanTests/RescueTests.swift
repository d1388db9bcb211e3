// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// The command line on disks.
struct RescueTests {
  /// A domain of a test.
  private final class Machine: MachineFacts {
    var looksUntilInterrupt = Int.max
    func memoryMap() -> [MemoryRange] { [MemoryRange(address: 0, byteCount: 4096, type: 1)] }
    func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] { ["name"] }
    func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString { "value" }
    func nanoseconds() -> UInt64? { 7 }
    func isInterrupted() -> Bool {
      looksUntilInterrupt -= 1
      return looksUntilInterrupt < 0
    }
  }

  private let world: Environment
  private let machine = Machine()

  init() throws { world = environment(try GuestImage(.msdos).disk()) }

  private func said(_ line: ByteString) -> String {
    var session = CommandSession(environment: world, menu: nil, root: "hd0,msdos1")
    return session.run(line).output.text
  }

  @Test func checksumsAreThoseOfTheTool() throws {
    let tool = try HostTool.run(["sha256sum"], input: Array("the kernel!".utf8))
    let digest = String(decoding: tool.output, as: UTF8.self).prefix(64)
    #expect(digest.count == 64)
    #expect(said("sha256sum /boot/vmlinuz") == "\(digest)  /boot/vmlinuz\n")
    #expect(said("sha256sum /no") == "sha256sum: xvda1: ext4: /no: not found\n")
  }

  @Test func filesAreReadAndCompared() {
    #expect(said("cat /boot/vmlinuz") == "the kernel!")
    #expect(said("cmp /boot/vmlinuz /boot/initrd.img") == "they differ at byte 0\n")
    #expect(said("cmp /boot/vmlinuz /boot/vmlinuz; echo $?") == "0\n")
    #expect(said("cat /boot") == "cat: xvda1: ext4: /boot: not a file\n")
  }

  @Test func devicesAndFilesAreListed() {
    #expect(said("ls -l /boot/vmlinuz") == "          11 (hd0,msdos1)/boot/vmlinuz\n")
    #expect(said("ls -l /boot").contains("          11 vmlinuz\n"))
    #expect(said("ls -l").contains("ext4, label 'guest', UUID \(GuestImage.uuid.text)\n"))
    #expect(said("ls -l").hasPrefix("(hd0):"))
    #expect(said("ls /none") == "ls: xvda1: ext4: /none: not found\n")
    #expect(said("ls -l (hd7)").contains("no such disk or partition"))
    #expect(said("find /boot/vmlinuz").contains("(hd0,msdos1)\n"))
  }

  @Test func blocksAreThoseOfTheFile() throws {
    let file = try world.locate(MenuFile(device: "hd0,msdos1", path: "/boot/vmlinuz"))
    guard case .run(let offset, 11)? = file.extents.first else {
      Issue.record("no extent")
      return
    }
    #expect(said("blocklist /boot/vmlinuz") == "sector \(offset / 512) + 0, and 11 bytes\n")
  }

  @Test func pathsAndDevicesAreCompleted() {
    let session = CommandSession(environment: world, menu: nil, root: "hd0,msdos1")
    func tab(_ line: ByteString) -> ByteString {
      session.completion(CompletionRequest(line: line, cursor: line.count)).insertion
    }
    #expect(tab("linux /boot/vm") == "linuz ")
    #expect(tab("linux (hd0,m") == "sdos")
    #expect(tab("linux (hd0,msdos1") == ")")
    #expect(tab("ls /bo") == "ot/")
  }

  @Test func theDomainAnswersOnlyWhereThereIsOne() {
    #expect(said("lsmmap") == "lsmmap: the map is not known here\n")
    #expect(said("xenstore read name") == "xenstore: no xenstore here\n")
    #expect(said("xenstore ls") == "xenstore: no xenstore here\n")
    #expect(said("time true") == "no clock here\n")
    world.machine = machine
    #expect(said("lsmmap") == "0x0, 4 KiB: RAM\n")
    #expect(said("xenstore read name") == "value\n")
    #expect(said("time true") == "took 0.000 s\n")
    machine.looksUntilInterrupt = 0
    #expect(said("sha256sum /boot/vmlinuz; echo on") == "interrupted\n")
  }
}
