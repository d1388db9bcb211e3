// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// Entries that `kernel-install` writes: systemd's own 90-loaderentry.install, as Debian and Fedora
/// have it, run over a made-up /boot.
@Suite struct KernelInstallTests {
  private static let script = "/usr/lib/kernel/install.d/90-loaderentry.install"
  private static let machineID = "8b1e4f2a90c34d6db7a5c3e1f0d29876"

  /// A world with what is in /boot after some kernels have been installed.
  private func world(
    token: String, versions: [String], tries: String? = nil, initrds: [String] = ["initrd.img"]
  ) throws -> FakeEnvironment {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-kernel-install-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    func write(_ path: String, _ text: String) throws -> String {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      return file.path
    }
    _ = try write("etc/cmdline", "root=UUID=0aa0  ro\nquiet\n")
    if let tries { _ = try write("etc/tries", tries) }
    _ = try write("staging/none", "")
    let kernel = try write("kernel", "kernel")
    let sources = try initrds.map { try write($0, $0) }
    for version in versions {
      let directory = "boot/\(token)/\(version)"
      _ = try write("\(directory)/.keep", "")
      _ = try HostTool.output(
        ["sh", Self.script, "add", version, "\(root.path)/\(directory)", kernel] + sources,
        environment: [
          "KERNEL_INSTALL_LAYOUT": "bls", "KERNEL_INSTALL_MACHINE_ID": Self.machineID,
          "KERNEL_INSTALL_ENTRY_TOKEN": token, "KERNEL_INSTALL_BOOT_ROOT": "\(root.path)/boot",
          "KERNEL_INSTALL_CONF_ROOT": "\(root.path)/etc", "KERNEL_INSTALL_VERBOSE": "0",
          "KERNEL_INSTALL_STAGING_AREA": "\(root.path)/staging",
        ], keepingErrors: true)
    }
    let environment = FakeEnvironment()
    let boot = root.appendingPathComponent("boot")
    for case let name as String in FileManager.default.enumerator(atPath: boot.path) ?? .init() {
      guard let data = FileManager.default.contents(atPath: "\(boot.path)/\(name)") else {
        continue
      }
      // The host's /boot is no file system of its own: paths lead to it from the host's root.
      let text = String(decoding: data, as: UTF8.self)
        .replacingOccurrences(of: boot.path, with: "")
      environment.add("/\(name)", text)
    }
    return environment
  }

  private func menu(_ environment: FakeEnvironment) throws -> Menu {
    try MenuInterpreter(environment: environment).bootLoaderMenu(devices: [""])
  }

  @Test func newestFirstWithKernelRamdisksAndMachine() throws {
    let versions = ["6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-17-amd64"]
    let environment = try world(
      token: Self.machineID, versions: versions, initrds: ["microcode.img", "initrd.img"])
    let menu = try menu(environment)
    #expect(menu.warnings == [])
    #expect(
      menu.entries.map { $0.id.text } == [
        "\(Self.machineID)-6.1.0-18-amd64", "\(Self.machineID)-6.1.0-17-amd64",
        "\(Self.machineID)-6.1.0-9-amd64",
      ])
    #expect(menu.defaultSelection?.index == 0)
    let target = try target(0, of: menu, in: environment)
    let directory: ByteString = "/\(ByteString(Self.machineID))/6.1.0-18-amd64"
    #expect(target.kernel.path == directory + "/linux")
    #expect(
      target.initrds.map { $0.path } == [
        directory + "/microcode.img", directory + "/initrd.img",
      ])
    #expect(
      target.commandLine.text == "root=UUID=0aa0 ro quiet systemd.machine_id=\(Self.machineID)")
    for file in [target.kernel] + target.initrds { #expect(environment.kind(of: file) != nil) }
  }

  @Test func triesAreReadFromTheNames() throws {
    let environment = try world(token: "debian", versions: ["6.1", "6.2"], tries: "3\n")
    let names = environment.names(inDirectory: MenuFile(device: "", path: "/loader/entries"))
    #expect(Set(names?.names ?? []) == ["debian-6.1+3.conf", "debian-6.2+3.conf"])
    #expect(try menu(environment).entries.map { $0.id } == ["debian-6.2", "debian-6.1"])
    // After three failed starts the newest comes last.
    let index = try #require(environment.files.firstIndex { $0.file.path.hasSuffix("6.2+3.conf") })
    environment.files[index].file = MenuFile(
      device: "", path: "/loader/entries/debian-6.2+0-3.conf")
    let menu = try menu(environment)
    #expect(menu.entries.map { $0.id } == ["debian-6.1", "debian-6.2"])
    #expect(try target(0, of: menu, in: environment).commandLine == "root=UUID=0aa0 ro quiet")
  }

  @Test func fedorasScriptReadsThemToo() throws {
    let environment = try world(token: Self.machineID, versions: ["6.9.1-200", "6.10.0-100"])
    let menu = try scriptMenu("set default=0\nblscfg\n", in: environment)
    #expect(menu.entries.count == 2)
    #expect(menu.entries[0].id.hasSuffix("6.10.0-100"))
    #expect(try target(0, of: menu, in: environment).kernel.path.hasSuffix("6.10.0-100/linux"))
  }
}
