// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import FakeMachine
import StubMachine
import TestSupport
import Testing

@testable import BootEngine

/// Boots with more than one ramdisk, one disk, or one attempt.
struct ManyFilesTests {
  static let modes = [DomainMode.pv, .pvh]
  private static let linux = "linux /boot/vmlinuz root=/dev/xvda1 quiet\n"
  static let first = ELFBuilder.pattern(150_000, seed: 3)
  /// With a hole of 64 KiB in the midst, which mke2fs leaves out, and zeros at the end.
  static let second =
    ELFBuilder.pattern(40_960, seed: 4) + [UInt8](repeating: 0, count: 65_536)
    + ELFBuilder.pattern(70_001, seed: 5)

  /// Files as they are in one module: each from a page's start.
  private static func joined(_ files: [[UInt8]]) -> [UInt8] {
    var result: [UInt8] = []
    for file in files {
      result += [UInt8](repeating: 0, count: (4096 - result.count % 4096) % 4096)
      result += file
    }
    return result
  }

  private static let kernel = (path: "/boot/vmlinuz", bytes: BootLab.elf.bytes)

  /// Kernel and two ramdisks on one disk.
  static let oneDisk = Result {
    [
      try BootLab.disk(
        linux + "initrd /boot/a /boot/b", [kernel, ("/boot/a", first), ("/boot/b", second)])
    ]
  }
  /// The second ramdisk is on a disk of its own.
  static let twoDisks = Result {
    [
      try BootLab.disk(linux + "initrd /boot/a (hd1)/b", [kernel, ("/boot/a", first)]),
      try BootLab.disk(nil, [("/b", second)]),
    ]
  }

  static func lab(
    _ mode: DomainMode, _ disks: Result<[[UInt8]], any Error>, extra: ByteString = "",
    frameCount: UInt64 = 16384, features: FakeDisk.Features = .blkback
  ) throws -> BootLab {
    try BootLab(
      mode, disks: try disks.get(), ramdisk: joined([first, second]), extra: extra,
      frameCount: frameCount, features: features)
  }

  /// The first sector of `bytes` on a disk.
  private static func sector(of bytes: [UInt8], on disk: FakeDisk) throws -> UInt64 {
    let head = Array(bytes[..<512])
    let place = stride(from: 0, to: disk.data.count, by: 512).first {
      Array(disk.data[$0..<$0 + 512]) == head
    }
    return UInt64(try #require(place)) / 512
  }

  @Test(arguments: modes)
  func severalRamdisksFollowEachOther(mode: DomainMode) throws {
    for disks in [Self.oneDisk, Self.twoDisks] {
      for features in [FakeDisk.Features.blkback, .plain] {
        let lab = try Self.lab(mode, disks, features: features)
        try lab.run()
        try FaultTests.expectGuest(lab, mode)
        #expect(lab.failureLines == [])
      }
    }
  }

  @Test(arguments: modes)
  func aBadSectorOfOneFileLetsNoOtherBeReadAgain(mode: DomainMode) throws {
    let quiet = try Self.lab(mode, Self.oneDisk)
    try quiet.run()
    let lab = try Self.lab(mode, Self.oneDisk)
    let bad = try Self.sector(of: Self.second, on: lab.disk)
    lab.disk.lies.badSectors = bad..<bad + 1
    // Cut in two until it is alone, and then tried three times; the next try of the file is good.
    var failedCount = 0
    lab.disk.onFailure = { [unowned lab] in
      failedCount += 1
      if lab.text.contains("reading it once more") { lab.disk.lies.badSectors = 0..<0 }
    }
    try lab.run()
    #expect(failedCount > 3)
    #expect(lab.failureLines.count <= 1)
    if lab.failureLines == [] {
      let again = lab.disk.readByteCount - quiet.disk.readByteCount
      #expect(again < BootLab.elf.bytes.count / 2, "the kernel is not read again")
    }
  }

  @Test(arguments: modes)
  func aBadSectorThatStaysFailsTheBootAndNamesTheFile(mode: DomainMode) throws {
    let quiet = try Self.lab(mode, Self.oneDisk)
    try quiet.run()
    let lab = try Self.lab(mode, Self.oneDisk)
    let bad = try Self.sector(of: Self.second, on: lab.disk)
    lab.disk.lies.badSectors = bad..<bad + 1
    try lab.run { lab in lab.disk.lies.badSectors = 0..<0 }
    #expect(lab.failureLines.count == 1)
    #expect(lab.failureLines.first?.contains("/boot/b") == true)
    #expect(lab.accountedAfterFailure == lab.accountedAtStart)
    try FaultTests.expectGuest(lab, mode)
    let again = lab.disk.readByteCount - quiet.disk.readByteCount
    #expect(again < quiet.disk.readByteCount + BootLab.elf.bytes.count / 2)
  }

  @Test(arguments: modes)
  func theSecondDisksDeathAfterAnyRequestLeadsBackToTheMenu(mode: DomainMode) throws {
    let quiet = try Self.lab(mode, Self.twoDisks)
    try quiet.run()
    let count = try #require(quiet.secondDisk?.requestCount)
    var failed = 0
    for number in 0..<count {
      let lab = try Self.lab(mode, Self.twoDisks)
      lab.secondDisk?.lies.requestsBeforeDeath = number
      try lab.run { lab in lab.secondDisk?.lies.requestsBeforeDeath = .max }
      if lab.accountedAfterFailure != nil {
        failed += 1
        // A disk that was dead when disks were looked for is not used before the next start.
        #expect(lab.failureLines.count == (lab.jumpAddress == nil ? 2 : 1), "\(number)")
        #expect(lab.accountedAfterFailure == lab.accountedAtStart, "\(number): frames were lost")
        #expect(!lab.text.contains("reading it once more"), "a dead disk is not read again")
      }
      if lab.jumpAddress != nil { try FaultTests.expectGuest(lab, mode) }
    }
    #expect(failed > 0)
  }

  @Test(arguments: modes)
  func hardlyEnoughMemoryBootsOrSaysHowMuchIsMissing(mode: DomainMode) throws {
    var booted = 0
    for frameCount in stride(from: 5632 as UInt64, through: 9728, by: 1024) {
      let lab = try Self.lab(
        mode, Self.oneDisk, extra: "onfail=poweroff:30", frameCount: frameCount)
      lab.isAttended = false
      try lab.run()
      if lab.jumpAddress != nil {
        booted += 1
        try FaultTests.expectGuest(lab, mode)
      } else {
        #expect(lab.failureLines.count == 1, "\(frameCount): \(lab.text)")
        #expect(lab.machine.accountedFrameCount == lab.accountedAtStart, "\(frameCount)")
      }
    }
    #expect(booted > 0)
  }
}
