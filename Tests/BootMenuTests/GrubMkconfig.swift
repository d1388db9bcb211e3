// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport

/// `grub-mkconfig` and the scripts of `/etc/grub.d` as Debian's grub-common has them, run over a
/// root that is made up: copies of them, with every absolute path led into a temporary directory,
/// ask programs of ours what is on the disk. Needs no privileges and leaves the machine alone.
struct GrubMkconfig {
  /// The identifiers of the file systems of / and of a /boot of its own.
  static let rootUUID = "0aa0aa0a-1111-4222-8333-444444444444"
  static let bootUUID = "11111111-2222-4333-8444-555555555555"
  /// The identifier of the partition of /.
  static let partitionUUID = "99999999-0000-4aaa-8bbb-cccccccccccc"

  /// What `/etc/default/grub` says.
  var defaults = "GRUB_DISTRIBUTOR=Debian\n"
  /// The versions of the kernels in /boot that have an initial ramdisk.
  var kernels = ["6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-17-amd64"]
  /// Further files with their contents, and executables.
  var files: [String: String] = [:]
  /// Whether /boot is a file system of its own.
  var hasBootPartition = false
  /// Lines of the scripts to replace, as distributions do when they build GRUB.
  var edits: [(line: String, with: String)] = []

  /// Ubuntu's settings of the same scripts.
  static let ubuntuEdits: [(line: String, with: String)] = [
    "quick_boot", "quiet_boot", "gfxpayload_dynamic", "vt_handoff", "ubuntu_recovery",
  ].map { ("\n\($0)=\"0\"\n", "\n\($0)=\"1\"\n") }

  /// The menu that it writes.
  func menuText() throws -> String {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-mkconfig-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    try fill(root)
    let result = try GrubOracle.run(
      ["sh", root.path + "/tools/grub-mkconfig"],
      environment: ["EUID": "0", "pkgdatadir": root.path + "/tools", "LANG": "C"])
    guard result.status == 0 else { throw GrubOracle.Failure(text: result.output) }
    return result.output.replacingOccurrences(of: root.path, with: "")
  }

  private func fill(_ root: URL) throws {
    func write(_ path: String, _ text: String, executable: Bool = false) throws {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      if executable {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
      }
    }
    for version in kernels {
      try write("boot/vmlinuz-\(version)", "MZ")
      try write("boot/initrd.img-\(version)", "cpio")
      try write("boot/config-\(version)", "CONFIG_XEN_DOM0=y\n")
    }
    try write("etc/default/grub", defaults)
    try write("boot/grub/unicode.pf2", "")
    try write("dev/disk/by-uuid/" + GrubMkconfig.rootUUID, "")
    try write("dev/disk/by-partuuid/" + GrubMkconfig.partitionUUID, "")
    for (path, text) in files { try write(path, text) }
    let scripts = try FileManager.default.contentsOfDirectory(atPath: "/etc/grub.d")
    for name in scripts where name != "README" {
      try write("etc/grub.d/" + name, try led(into: root, "/etc/grub.d/" + name), executable: true)
    }
    try write("tools/grub-mkconfig", try led(into: root, "/usr/sbin/grub-mkconfig"))
    try write("tools/grub-mkconfig_lib", try led(into: root, "/usr/share/grub/grub-mkconfig_lib"))
    try write("tools/grub-probe", probe(root), executable: true)
    try write("tools/grub-mkrelpath", relativePath(root), executable: true)
    try write(
      "tools/grub-editenv",
      "#!/bin/sh\nexec /usr/bin/grub-editenv \(root.path)/boot/grub/grubenv $2",
      executable: true)
  }

  /// A script with its absolute paths led below `root`, and its programs replaced.
  private func led(into root: URL, _ path: String) throws -> String {
    var text = try String(contentsOfFile: path, encoding: .utf8)
    for (line, with) in edits { text = text.replacingOccurrences(of: line, with: with) }
    for name in ["probe", "mkrelpath", "editenv"] {
      text = text.replacingOccurrences(
        of: "=\"\\$\\{s?bindir\\}/grub-\(name)\"", with: "=\"\(root.path)/tools/grub-\(name)\"",
        options: .regularExpression)
    }
    return text.replacingOccurrences(
      of: "(?<=[\\s'\"=:])(?=/(boot|etc|vmlinu|dev/disk|lib/|sbin/|sys/firmware))",
      with: root.path, options: .regularExpression)
  }

  /// A `grub-probe` for a disk with two partitions.
  private func probe(_ root: URL) -> String {
    """
    #!/bin/sh
    number=2
    while [ $# -gt 0 ]; do
      case $1 in
        --target=*) target=${1#*=} ;;
        -t) target=$2; shift ;;
        /dev/xvda1) number=1 ;;
        \(root.path)/boot*) number=\(hasBootPartition ? 1 : 2) ;;
      esac
      shift
    done
    case $target-$number in
      device-*) echo /dev/xvda$number ;;
      fs_uuid-1) echo \(GrubMkconfig.bootUUID) ;;
      fs_uuid-2) echo \(GrubMkconfig.rootUUID) ;;
      partuuid-2) echo \(GrubMkconfig.partitionUUID) ;;
      fs-*) echo ext2 ;;
      partmap-*) echo gpt ;;
      compatibility_hint-*) echo hd0,gpt$number ;;
      hints_string-*) echo "--hint-bios=hd0,gpt$number --hint-baremetal=ahci0,gpt$number" ;;
    esac
    """
  }

  /// A `grub-mkrelpath` for the same disk.
  private func relativePath(_ root: URL) -> String {
    let mount = root.path + (hasBootPartition ? "/boot" : "")
    return "#!/bin/sh\necho \"${1#\(mount)}\"\n"
  }

  /// The disk as the loader sees it, with the menu on it.
  func guest(_ text: String, variables: [String] = []) -> FakeEnvironment {
    let boot = hasBootPartition ? "(hd0,gpt1)" : "(hd0,gpt2)/boot"
    let block = "# GRUB Environment Block\n" + variables.map { $0 + "\n" }.joined() + "####"
    return FakeEnvironment(
      devices: [
        .init(name: "hd0,gpt1", uuid: ByteString(GrubMkconfig.bootUUID)),
        .init(name: "hd0,gpt2", uuid: ByteString(GrubMkconfig.rootUUID)),
      ],
      files: [("\(boot)/grub/grub.cfg", text), ("\(boot)/grub/grubenv", block)])
  }
}
