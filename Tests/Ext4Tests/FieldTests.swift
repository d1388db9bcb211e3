// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import Ext4

/// Sets every field of every structure to 0, to its largest value, one up, one down and to random
/// values, and reads everything there is. All of it with `FIELD_VARIANTS=all` in the environment,
/// else some; `MUTATION_SEED` sets which random values.
struct FieldTests {
  static let isComplete = ProcessInfo.processInfo.environment["FIELD_VARIANTS"] == "all"
  static let seed = UInt64(ProcessInfo.processInfo.environment["MUTATION_SEED"] ?? "")
  /// Random values for a field.
  static let randomCount = 6
  /// Without `FIELD_VARIANTS=all`, one variant of that many is tried.
  static let stride = 61

  @Test func ofExtentsAndIndexedDirectories() throws {
    let image = try EditedImage.plain.get()
    try run(image.bytes, try fields(of: image))
  }

  @Test func ofBlockMaps() throws {
    let image = try EditedImage.mapped.get()
    try run(image.bytes, try fields(of: image))
  }

  @Test func ofInlineData() throws {
    let image = try EditedImage.inline.get()
    try run(image.bytes, try fields(of: image))
  }

  /// Where a checksum is wrong, it is what is told.
  @Test func behindChecksums() throws {
    let image = try EditedImage.checksummed.get()
    try run(image.bytes, try fields(of: image))
  }

  @Test(arguments: ["none", "1", "2", "3"])
  func ofJournals(checksums: String) throws {
    let journal = try EditedJournal.made(checksums)
    var fields = Field.journalSuperblock(at: journal.offsets[0])
    for block in journal.offsets.indices where block > 0 {
      guard let kind = journal.kind(block) else { continue }
      fields += Field.journalBlock(kind, checksums, at: journal.offsets[block])
    }
    try run(journal.bytes, fields) { bytes, field in
      // The checks after the checksums are reached as well.
      guard field.offset % 8 != 0 || field.offset < journal.offsets[0] + 1024 else { return }
      var edited = journal
      edited.bytes = bytes
      if field.structure == "journal superblock" { edited.sealSuperblock() }
      let block = journal.offsets.firstIndex {
        $0 <= field.offset && field.offset < $0 + journal.blockByteCount
      }
      if let block, checksums == "2" || checksums == "3" {
        switch edited.kind(block) {
        case .descriptor, .revocation: edited.seal(block)
        case .commit: edited.seal(block, at: 16)
        default: break
        }
      }
      bytes = edited.bytes
    }
  }

  @Test func thereAreManyOfThem() throws {
    var count = 0
    for image in [
      EditedImage.plain, EditedImage.mapped, EditedImage.inline, EditedImage.checksummed,
    ] {
      count += try fields(of: try image.get()).count * (4 + Self.randomCount)
    }
    #expect(count >= 20_000)
  }

  /// The fields of every structure of a small image.
  private func fields(of image: EditedImage) throws -> [Field] {
    var fields = Field.superblock(at: EditedImage.superblock)
    fields += Field.groupDescriptor(at: EditedImage.descriptor, is64Bit: image.has64Bit)
    for path: ByteString in [
      "/", "/absolute", "/boot", "/boot/grub", "/boot/grub/menu.lst", "/boot/vmlinuz", "/sparse",
      "/pieces", "/many", "/link-1000",
    ] {
      let number = try image.inode(path)
      let system = try image.open()
      let inode = try system.inode(number)
      let offset = image.offset(ofInode: number)
      fields += Field.inode(inode, at: offset)
      if inode.kind == .directory && !inode.hasInlineData {
        for block in 0..<min(3, inode.byteCount / 1024) {
          let place = try image.offset(ofBlock: block, in: path)
          let isIndex = inode.hasIndex && block == 0
          fields += isIndex ? Field.indexRoot(at: place) : Field.records(image.bytes, at: place)
        }
      }
      if inode.hasExtents, inode.kind != .special, inode.blockField.u16(at: 6) == 1 {
        let block = Int(image.u32(offset + 0x28 + 16)) * 1024
        fields += Field.extents("extent block", isLeaf: true, entryCount: 20, at: block)
      } else if !inode.hasExtents, !inode.hasInlineData, inode.kind == .file {
        for slot in 12..<15 {
          let block = Int(image.u32(offset + 0x28 + 4 * slot)) * 1024
          if block > 0 { fields += Field.list("indirect block", [(8, 4)], at: block) }
        }
      }
    }
    return fields
  }

  private func run(
    _ bytes: [UInt8], _ fields: [Field], seal: (inout [UInt8], Field) -> Void = { _, _ in }
  ) throws {
    let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    var variant = 0
    for field in fields {
      let old = field.value(in: bytes)
      var values = [0, field.max, old &+ 1 & field.max, old &- 1 & field.max]
      for _ in 0..<Self.randomCount { values.append(random.next() & field.max) }
      for value in values {
        variant += 1
        guard Self.isComplete || variant % Self.stride == 0 else { continue }
        var edited = bytes
        field.put(value, in: &edited)
        seal(&edited, field)
        let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: edited))
        Survey.walk(device)
        if device.readCount > Survey.readCountMax {
          Issue.record("\(field) = \(value), seed \(seed): \(device.readCount) reads")
        }
      }
    }
    #expect(variant > 1000)
  }
}

extension EditedImage {
  fileprivate var has64Bit: Bool { u32(Self.superblock + 0x60) & 0x80 != 0 }
}
