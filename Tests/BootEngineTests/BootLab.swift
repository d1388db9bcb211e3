// SPDX-License-Identifier: GPL-2.0-or-later
import BootEngine
import BootPlan
import Bytes
import FakeDom0
import FakeMachine
import Foundation
import StubMachine
import Synchronization
import TestSupport

/// A guest on the fake machine, with one disk: a real ext4 with a real menu, a kernel and an
/// initrd. The person at its console presses Enter ten seconds after a failure.
final class BootLab {
  /// The kernel of a disk: an ELF file as it is, or a bzImage around it.
  enum Kernel: Hashable {
    case elf
    case bzImage(String)
    /// A bzImage whose ELF file has a gap between two segments, and zeros inside of one.
    case sparse(String)
  }

  /// Nanoseconds after which the toolstack ends the domain.
  private static let timeLimit: UInt64 = 1_000_000_000_000
  static let commandLine: ByteString = "root=/dev/xvda1 quiet"
  /// Longer than two chunks of a stream, so that reads are under way while some are decoded.
  static let elf: ELFBuilder = .linux(textByteCount: 1_300_000)
  static let sparseELF: ELFBuilder = {
    var builder = elf
    for index in 200_000..<700_000 { builder.contents[0].bytes[index] = 0 }
    for index in 1...2 {
      builder.segments[index].fileOffset += 0x10_0000
      builder.contents[index].offset += 0x10_0000
    }
    return builder
  }()
  static let initrd: [UInt8] = ELFBuilder.pattern(300_000, seed: 9)
  private static let images = Mutex<[Kernel: [UInt8]]>([:])

  let machine: FakeMachine
  let disk: FakeDisk
  /// The second disk, if there is one.
  let secondDisk: FakeDisk?
  /// What the guest is to find as its kernel.
  let elf: ELFBuilder
  /// What the guest is to find as its module.
  let ramdisk: [UInt8]
  /// Whether somebody presses Enter after a failure.
  var isAttended = true
  /// How often somebody does, the first time ten seconds after it, and then every 200 seconds.
  var keyCount = 1
  /// Frames that were accounted for at each of these.
  private(set) var accountedAtKeys: [UInt64] = []
  /// What became of the run.
  private(set) var outcome: Loader<FakeMachine>.Outcome?
  /// Frames that were accounted for when the loader waited after a failure.
  var accountedAfterFailure: UInt64? { accountedAtKeys.first }
  let accountedAtStart: UInt64

  init(
    _ mode: DomainMode, _ kernel: Kernel = .elf, extra: ByteString = "", module: [UInt8] = [],
    frameCount: UInt64 = 16384
  ) throws {
    machine = FakeMachine(mode, frameCount: frameCount, commandLine: extra, module: module)
    disk = FakeDisk(machine.store, number: 51712, data: try Self.image(kernel))
    secondDisk = nil
    if case .sparse = kernel { elf = Self.sparseELF } else { elf = Self.elf }
    ramdisk = Self.initrd
    accountedAtStart = machine.accountedFrameCount
  }

  /// A guest with disks of the test's own, which have an ELF kernel and are to give it `ramdisk`.
  /// In PVH the frames of `hole` are no memory.
  init(
    _ mode: DomainMode, disks: [[UInt8]], ramdisk: [UInt8], extra: ByteString = "",
    frameCount: UInt64 = 16384, features: FakeDisk.Features = .blkback, hole: FrameRange? = nil
  ) throws {
    machine = FakeMachine(mode, frameCount: frameCount, commandLine: extra, hole: hole)
    disk = FakeDisk(machine.store, number: 51712, data: disks[0], features: features)
    secondDisk =
      disks.count > 1
      ? FakeDisk(machine.store, number: 51728, data: disks[1], features: features) : nil
    elf = Self.elf
    self.ramdisk = ramdisk
    accountedAtStart = machine.accountedFrameCount
  }

  /// A disk with these files and symbolic links, and a menu with one entry of these commands.
  static func disk(
    _ commands: String?, _ files: [(path: String, bytes: [UInt8])],
    links: [(path: String, target: String)] = []
  ) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var arguments: [String] = []
    if let commands {
      arguments = [
        "/boot/grub/grub.cfg", "set timeout=0\nmenuentry 'Debian' { \(commands) }",
      ]
    }
    for (index, file) in files.enumerated() {
      let copy = folder.path + "/\(index)"
      try Data(file.bytes).write(to: URL(fileURLWithPath: copy))
      arguments += [file.path, "=" + copy]
    }
    for link in links { arguments += [link.path, ">" + link.target] }
    return try TestImage("boot-disk", arguments: arguments).bytes()
  }

  /// The disk's bytes; each is made once.
  private static func image(_ kernel: Kernel) throws -> [UInt8] {
    try images.withLock { images in
      if let known = images[kernel] { return known }
      let bytes = try disk(
        "linux /boot/vmlinuz root=/dev/xvda1 quiet\ninitrd /boot/initrd.img",
        [("/boot/vmlinuz", bytes(of: kernel)), ("/boot/initrd.img", initrd)])
      images[kernel] = bytes
      return bytes
    }
  }

  private static func bytes(of kernel: Kernel) throws -> [UInt8] {
    switch kernel {
    case .elf: elf.bytes
    case .bzImage(let name): try bzImage(elf, name)
    case .sparse(let name): try bzImage(sparseELF, name)
    }
  }

  private static func bzImage(_ elf: ELFBuilder, _ format: String) throws -> [UInt8] {
    bootable(
      ELFBuilder.bzImage(
        try Packer.payload(elf.bytes, Packer.formats.first { "\($0)" == format } ?? .gzip)))
  }

  /// The bzImage with what Linux's boot protocol tells of its code (setup_header: setup_sects,
  /// syssize, xloadflags, cmdline_size, pref_address, init_size).
  private static func bootable(_ image: [UInt8]) -> [UInt8] {
    var image = image
    let code = image.count - (Int(image[0x1f1]) + 1) * 512
    image[0x200] = 0xeb
    image[0x201] = 0x6a
    image.store(UInt64(code + 15) / 16, at: 0x1f4, count: 4)
    image.store(0x7f, at: 0x236, count: 2)
    image.store(2047, at: 0x238, count: 4)
    image.store(0x100_0000, at: 0x258, count: 8)
    image.store(4 << 20, at: 0x260, count: 4)
    return image
  }

  /// Runs the loader until the domain becomes the guest, or ends. `afterFailure` mends what was
  /// broken, before the person tries again.
  func run(afterFailure: @escaping (BootLab) -> Void = { _ in }) throws {
    let loader = try Loader(machine)
    machine.console.onText = { [unowned self] text in
      guard isAttended, text.contains("nothing boots; without a key") else { return }
      isAttended = false
      for index in 0..<UInt64(keyCount) {
        machine.xen.after(10_000_000_000 + index * 200_000_000_000) { [unowned self] in
          accountedAtKeys.append(machine.accountedFrameCount)
          if index == 0 { afterFailure(self) }
          machine.console.type([0x0d])
        }
      }
    }
    // However long it waits for somebody, it is told to stop in the end.
    machine.xen.after(Self.timeLimit) { [unowned self] in
      machine.store.set(FakeStore.home + "/control/shutdown", "poweroff")
    }
    loader.start()
    outcome = loader.run()
  }

  /// What was written to the console, without the commands of the terminal.
  var text: String {
    String(decoding: machine.console.text, as: UTF8.self)
      .replacingOccurrences(
        of: "\u{1b}\\[[0-9;?]*[A-Za-z]", with: "\n", options: .regularExpression)
  }

  /// The lines that say why the entry failed.
  var failureLines: [String] {
    text.split(whereSeparator: \.isNewline).map(String.init)
      .filter { $0.hasPrefix("pvgrub-swift: Debian: ") }
  }

  /// The address to jump to; nil if the domain did not become the guest.
  var jumpAddress: UInt64? {
    if case .jump(let address)? = outcome { return address }
    return nil
  }
}
