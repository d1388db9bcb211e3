// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@testable import pvgrub_tool

/// `--tree`: directories of the host stand for file systems.
struct TreeTests {
  static let script = "menuentry new { linux /k }\n"
  static let legacy = "title old\nkernel /k\n"

  /// A world of directories made of files, and links where `@` is in front of what they lead to.
  private func world<Value>(
    _ trees: [[String: String]], _ body: (TreeEnvironment) throws -> Value
  ) throws -> Value {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-tree-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var paths: [String] = []
    for (index, files) in trees.enumerated() {
      let root = folder.appendingPathComponent("\(index)")
      try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
      paths.append(root.path)
      for (path, contents) in files {
        let url = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if contents.hasPrefix("@") {
          try FileManager.default.createSymbolicLink(
            atPath: url.path, withDestinationPath: String(contents.dropFirst()))
        } else {
          try Data(contents.utf8).write(to: url)
        }
      }
    }
    return try body(TreeEnvironment(paths))
  }

  private func found(_ trees: [[String: String]]) throws -> String {
    try world(trees) { try $0.findMenu().file.name.text }
  }

  @Test(arguments: ConfigSearch.scripts + ["/EFI/fedora/grub.cfg"])
  func everyScriptIsFound(_ path: ByteString) throws {
    #expect(try found([[path.text: Self.script]]) == "(hd0,1)\(path.text)")
  }

  @Test(arguments: ConfigSearch.syslinux)
  func everyConfigurationOfSyslinuxIsFound(_ path: ByteString) throws {
    #expect(try found([[path.text: "label a\nlinux k\n"]]) == "(hd0,1)\(path.text)")
  }

  @Test(arguments: ConfigSearch.legacy)
  func everyLegacyMenuIsFound(_ path: ByteString) throws {
    #expect(try found([[path.text: Self.legacy]]) == "(hd0,1)\(path.text)")
  }

  @Test func theOrderIsThatOfADisksPartitions() throws {
    let entry = ["/loader/entries/a.conf": "title a\nlinux /k\n"]
    #expect(try found([["/boot/grub/menu.lst": Self.legacy], entry]) == "(hd0,2)/loader/entries")
    #expect(try found([entry, ["/grub/grub.cfg": Self.script]]) == "(hd0,1)/loader/entries")
    #expect(
      try found([entry.merging(["/grub2/grub.cfg": Self.script]) { $1 }])
        == "(hd0,1)/grub2/grub.cfg")
  }

  @Test func aMenuThatBootsNothingIsPassedOver() throws {
    let empty = ["/boot/grub/grub.cfg": "menuentry none { chainloader +1 }\n"]
    #expect(try found([empty, ["/grub/menu.lst": Self.legacy]]) == "(hd0,2)/grub/menu.lst")
    #expect(try found([empty]) == "(hd0,1)/boot/grub/grub.cfg")
    #expect(throws: MenuError.self) { try found([["/etc/fstab": ""]]) }
    #expect(throws: MenuError.noEntries(MenuFile(device: "hd0,1", path: "/grub/grub.cfg"))) {
      try found([["/grub/grub.cfg": "set x=y\n"]])
    }
  }

  @Test func aSecondTreeIsTheSecondPartition() throws {
    let script = "set root=hd0,2\nmenuentry a { linux /vmlinuz ro\ninitrd (hd0,1)/i }\n"
    try world([["/boot/grub/grub.cfg": script], ["/vmlinuz": "k"]]) { world in
      let menu = try world.findMenu()
      let report = PlanReport(menu, interpreter: MenuInterpreter(environment: world))
      #expect(report.isBootable)
      #expect(report.defaultPath == [0])
      #expect(report.titles == "* 0 a")
      let text = report.text(of: try #require(report.entry([0])))
      #expect(text == "kernel /vmlinuz ro\ninitrd (hd0,1)/i")
      #expect(world.kind(of: MenuFile(device: "hd0,2", path: "/vmlinuz")) == .file(byteCount: 1))
      #expect(world.kind(of: MenuFile(device: "hd0,3", path: "/vmlinuz")) == nil)
      #expect(world.kind(of: MenuFile(device: "lvm/a", path: "/vmlinuz")) == nil)
      #expect(world.device(having: .file("/vmlinuz")) == "hd0,2")
      #expect(world.device(having: .label("x")) == nil)
    }
  }

  @Test func linksStayInsideOfTheirTree() throws {
    let files = [
      "/boot/grub/menu.lst": "@./grub.conf", "/boot/grub/grub.conf": Self.legacy,
      "/abs": "@/boot/grub/grub.conf", "/out": "@../../../../etc/passwd", "/ring": "@/ring",
      "/up": "@../../boot",
    ]
    try world([files]) { world throws in
      func kind(_ path: ByteString) -> MenuFileKind? {
        world.kind(of: MenuFile(device: "", path: path))
      }
      let found = try world.findMenu().file
      #expect(found.path == "/boot/grub/menu.lst")
      #expect(kind("/abs") == .file(byteCount: UInt64(Self.legacy.utf8.count)))
      #expect(kind("/out") == nil)
      #expect(kind("/ring") == nil)
      #expect(kind("/up/grub") == .directory)
      #expect(kind("/../boot/./grub//grub.conf") != nil)
    }
  }

  @Test func anImageBecomesADeviceThatIsNotLookedInto() throws {
    let script = "loopback loop /live.iso\nmenuentry a { linux (loop)/vmlinuz }\n"
    try world([["/boot/grub/grub.cfg": script, "/live.iso": "x"]]) { world in
      let report = PlanReport(
        try world.findMenu(), interpreter: MenuInterpreter(environment: world))
      #expect(report.menu.warnings == [])
      #expect(report.text(of: report.entries[0]) == "kernel (loop)/vmlinuz ")
      #expect(world.deviceNames() == ["hd0,1", "loop"])
      #expect(world.removeLoopDevice(name: "loop"))
      #expect(!world.removeLoopDevice(name: "loop"))
      #expect(!world.addLoopDevice(name: "x", file: MenuFile(device: "", path: "/none")))
    }
  }

  @Test func unifiedKernelImagesAreEntriesWithTheirProfiles() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-tree-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let directory = folder.appendingPathComponent("EFI/Linux")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let image = PortableExecutable([
      .init(".osrel", "ID=x\nPRETTY_NAME=X\nVERSION_ID=7\n"), .init(".cmdline", "quiet"),
      .init(".linux", "kernel"), .init(".profile", "ID=main\n"),
      .init(".profile", "ID=reset\nTITLE=Factory reset\n"),
    ])
    try Data(image.bytes).write(to: directory.appendingPathComponent("x.efi"))
    try Data("MZ no image".utf8).write(to: directory.appendingPathComponent("broken.efi"))
    let menu = try TreeEnvironment([folder.path]).findMenu()
    #expect(menu.entries.map { $0.title } == ["X", "X (Factory reset)"])
    #expect(menu.entries.map { $0.id } == ["x.efi", "x.efi@reset"])
  }

  @Test func aMenuThatOpensItselfEnds() throws {
    let labels = (0..<30).map { "label l\($0)\nconfig ~\n" }.joined()
    try world([["/extlinux.conf": labels + "label k\nlinux /k\n"]]) { world in
      let report = PlanReport(
        try world.findMenu(), interpreter: MenuInterpreter(environment: world))
      #expect(report.text.contains("not looked at: the menus have too many entries"))
    }
  }
}
