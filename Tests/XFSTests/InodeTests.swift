// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

@testable import XFS
import TestSupport

struct InodeTests {
  /// The error of reading an inode after an edit that gets its offset.
  func error(
    _ path: ByteString = "/boot/vmlinuz",
    in image: Result<EditedImage, any Error> = EditedImage.checked, isSealed: Bool = true,
    _ edit: (inout EditedImage, Int) -> Void
  ) throws -> XFSError? {
    var image = try image.get()
    let number = try image.inode(path)
    let offset = try image.offset(path)
    edit(&image, offset)
    if isSealed { image.seal(.inode, at: offset) }
    let system = try image.open()
    do throws(XFSError) {
      let node = XFSNode(inode: number)
      switch try system.attributes(of: node).kind {
      case .file: _ = try system.extents(of: node)
      case .directory: _ = try system.entries(of: node)
      case .symbolicLink: _ = try system.linkTarget(of: node)
      case .special: break
      }
    } catch { return error }
    return nil
  }

  @Test func fieldsAreChecked() throws {
    let number = try EditedImage.checked.get().inode("/boot/vmlinuz")
    func bad(_ field: ByteString, _ value: UInt64) -> XFSError {
      .badInode(number, field: field, value: value)
    }
    #expect(try error { _, _ in } == nil)
    #expect(
      try error { $0.put(UInt16(0x494d), at: $1) } == .badMagic(.inode(number), magic: 0x494d))
    #expect(try error { $0.put(UInt16(0), at: $1 + 2) } == .unusedInode(number))
    #expect(try error { $0.put(UInt32(0), at: $1 + 16) } == .unusedInode(number))
    #expect(try error { $0.put(UInt8(2), at: $1 + 4) } == bad("version", 2))
    #expect(try error { $0.put(UInt8(4), at: $1 + 5) } == bad("format", 4))
    #expect(try error { $0.put(UInt8(1), at: $1 + 5) } == bad("format", 1))
    #expect(try error { $0.put(UInt8(43), at: $1 + 82) } == bad("forkoff", 43))
    #expect(
      try error { $0.put(UInt64(1) << 63, at: $1 + 56) }
        == .badSize(inode: number, byteCount: 1 << 63))
    #expect(
      try error { $0.put(UInt16(1), at: $1 + 90) }
        == .unsupportedFile(inode: number, feature: "a realtime device"))
    #expect(
      try error { $0.put(UInt64(7), at: $1 + 152) }
        == .wrongPlace(.inode(number), field: "number", value: 7))
    #expect(try error { $0.bytes[$1 + 160] ^= 1 } == .wrongUUID(.inode(number)))
    let found = try error(isSealed: false) { $0.bytes[$1 + 40] ^= 1 }
    guard case .badChecksum(.inode(number), _, _) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func versionsOfInodesBelongToVersionsOfFileSystems() throws {
    let number = try EditedImage.plain.get().inode("/boot/vmlinuz")
    func bad(_ value: UInt64) -> XFSError { .badInode(number, field: "version", value: value) }
    #expect(try error(in: EditedImage.plain) { $0.put(UInt8(3), at: $1 + 4) } == bad(3))
    #expect(try error(in: EditedImage.plain) { $0.put(UInt8(0), at: $1 + 4) } == bad(0))
    // Version 1 counts its names elsewhere.
    #expect(
      try error(in: EditedImage.plain) { $0.put(UInt8(1), at: $1 + 4) } == .unusedInode(number))
    #expect(
      try error(in: EditedImage.plain) { image, offset in
        image.put(UInt8(1), at: offset + 4)
        image.put(UInt16(1), at: offset + 6)
      } == nil)
  }

  @Test func timesAreOfTwoKinds() throws {
    var image = try EditedImage.checked.get()
    let node = XFSNode(inode: try image.inode("/empty"))
    let offset = try image.offset("/empty")
    for (seconds, stored): (Int64, UInt64) in [
      (0, 2_147_483_648_000_000_000), (-2_147_483_648, 999),
      (6_000_000_000, 8_147_483_648 * 1_000_000_000),
    ] {
      image.put(stored, at: offset + 40)
      image.seal(.inode, at: offset)
      #expect(try image.open().attributes(of: node).modificationTime == seconds)
    }
    // Without the flag of the inode: seconds and nanoseconds.
    image.put(UInt64(0x10), at: offset + 120)
    image.put(UInt64(bitPattern: -1000 << 32 | 999), at: offset + 40)
    image.seal(.inode, at: offset)
    #expect(try image.open().attributes(of: node).modificationTime == -1000)
  }

  @Test func countsOfExtentsAreOfTwoKinds() throws {
    var image = try EditedImage.checked.get()
    let node = XFSNode(inode: try image.inode("/boot/vmlinuz"))
    let offset = try image.offset("/boot/vmlinuz")
    let extents = try image.open().extents(of: node)
    #expect(extents.count == 1)
    // Without the flag: 32 bits.
    image.put(UInt64(0x8), at: offset + 120)
    image.put(UInt64(0), at: offset + 24)
    image.put(UInt32(1), at: offset + 76)
    image.seal(.inode, at: offset)
    #expect(try image.open().extents(of: node) == extents)
  }

  @Test func wantsTheRightKind() throws {
    let image = try EditedImage.checked.get()
    let system = try image.open()
    let file = XFSNode(inode: try image.inode("/empty"))
    let directory = XFSNode(inode: try image.inode("/boot"))
    #expect(throws: XFSError.notADirectory(inode: file.inode)) {
      try system.lookUp("x", in: file)
    }
    #expect(throws: XFSError.notADirectory(inode: file.inode)) { try system.entries(of: file) }
    #expect(throws: XFSError.notALink(inode: file.inode)) { try system.linkTarget(of: file) }
    #expect(throws: XFSError.notAFile(inode: directory.inode)) {
      try system.extents(of: directory)
    }
  }

  @Test func freeInodesAreNotInUse() throws {
    let image = try EditedImage.checked.get()
    let system = try image.open()
    // Inodes come by the 64.
    let last = system.superblock.rootInode + 63
    var errors: [XFSError] = []
    for number in system.superblock.rootInode...last + 3000 {
      do { _ = try system.attributes(of: XFSNode(inode: number)) } catch { errors.append(error) }
    }
    #expect(errors.contains { if case .unusedInode = $0 { true } else { false } })
    for error in errors { #expect(error.family == .corrupt) }
  }
}
