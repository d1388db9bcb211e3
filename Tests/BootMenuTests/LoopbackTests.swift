// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct LoopbackTests {
  private func medium() -> FakeEnvironment {
    FakeEnvironment(
      devices: [.init(name: "hd0,msdos1", label: "data")],
      files: [
        ("(hd0,msdos1)/live.iso", "image"), ("(hd0,msdos1)/other.iso", "image"),
        ("(/live.iso!)/boot/grub/loopback.cfg", "menuentry inner { linux /vmlinuz }"),
        ("(/other.iso!)/mark", "other"),
      ])
  }

  @Test func anImageBecomesADeviceWithFiles() throws {
    let text = """
      set root=hd0,msdos1
      menuentry 'live medium' {
        loopback loop /live.iso
        linux (loop)/casper/vmlinuz iso-scan/filename=/live.iso
        initrd (loop)/casper/initrd
      }
      """
    let environment = medium()
    let target = try target(0, of: try scriptMenu(text, in: environment), in: environment)
    #expect(target.kernel == MenuFile(device: "loop", path: "/casper/vmlinuz"))
    #expect(environment.loops.map { $0.name } == ["loop"])
    #expect(environment.loops.first?.file == MenuFile(device: "hd0,msdos1", path: "/live.iso"))
  }

  @Test func aMenuInsideOfAnImageIsOpened() throws {
    let text = """
      set iso_path=/live.iso
      export iso_path
      menuentry 'live medium' {
        loopback loop (hd0,msdos1)$iso_path
        set root=(loop)
        configfile /boot/grub/loopback.cfg
      }
      """
    let environment = medium()
    let menu = try scriptMenu(text, in: environment)
    let run = try MenuInterpreter(environment: environment).run(0, of: menu)
    guard case .menu(let inner) = run.outcome else {
      Issue.record("no menu")
      return
    }
    #expect(inner.entries.map { $0.title } == ["inner"])
    #expect(try target(0, of: inner, in: environment).kernel.name == "(loop)/vmlinuz")
  }

  @Test func aNameIsUsedAgainForTheNextImage() throws {
    let environment = medium()
    let text = """
      loopback l (hd0,msdos1)/live.iso
      loopback l (hd0,msdos1)/other.iso
      if [ -f (l)/mark ]; then echo other; fi
      """
    #expect(try printed(text, in: environment) == "other\n")
    #expect(environment.loops.count == 1)
  }

  @Test func aRemovedDeviceIsGone() throws {
    let environment = medium()
    let text = """
      loopback l (hd0,msdos1)/other.iso
      loopback -d l
      echo $?
      if [ -f (l)/mark ]; then echo still there; fi
      loopback --delete l
      echo $?
      """
    #expect(try printed(text, in: environment) == "0\n1\n")
  }

  @Test(arguments: [
    ("loopback", "loopback: device name required"),
    ("loopback l", "loopback: file name expected"),
    ("loopback l (hd0", "loopback: file name expected"),
    ("loopback l /none", "loopback: /none can't be made a device"),
    ("loopback -d l", "loopback: no device l"),
  ])
  func saysWhatFailed(_ line: String, _ complaint: String) throws {
    let menu = try scriptMenu("\(line)\nmenuentry end { linux /k }", in: medium())
    #expect(menu.warnings.map { $0.kind } == [.failed(ByteString(complaint))])
  }
}
