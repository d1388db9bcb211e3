// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Partitions
import TestSupport
import Testing

/// Arrays of md made by `testimages/md.sh`.
enum RaidImages {
  /// Bytes that no two chunks have in common.
  static let data: [UInt8] = {
    var generator = SplitMix(seed: 17)
    return (0..<65_536).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()

  /// The disks of an array that holds `data`.
  static func disks(
    _ metadata: String, _ level: String, _ layout: UInt32, _ count: Int, _ keys: String...,
    holding data: [UInt8] = data
  ) throws -> [MemoryDevice] {
    try MemberImages(
      "md", count: count, data: [data],
      [metadata, level, "\(layout)", "\(count)", "@0"] + keys
    ).devices()
  }

  /// The array of those of `disks` that have a superblock.
  static func array(_ disks: [MemoryDevice]) throws -> RaidArray<MemoryDevice> {
    var members: [RaidMember<MemoryDevice>] = []
    for disk in disks {
      let volume = Volume(whole: disk)
      if let block = try RaidSuperblock.read(volume) { members.append(RaidMember(volume, block)) }
    }
    try #require(!members.isEmpty)
    return try RaidArray(members, name: "md/boot")
  }

  /// What an array holds, as far as `data` goes.
  static func contents(
    of disks: [MemoryDevice], count: Int = data.count
  ) throws -> [UInt8] {
    try array(disks).volume.read(at: 0, count: count)
  }
}
