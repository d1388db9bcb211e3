// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

@testable import XFS

struct LinkTests {
  /// The error of reading a link's target after an edit that gets the offsets of inode and block.
  func error(
    _ path: ByteString = "/link-1000",
    in image: Result<EditedImage, any Error> = EditedImage.checked,
    _ edit: (inout EditedImage, _ inode: Int, _ block: Int) -> Void
  ) throws -> XFSError? {
    var image = try image.get()
    let node = XFSNode(inode: try image.inode(path))
    let offset = try image.offset(path)
    let block = path == "/link-1000" ? try image.offset(ofBlock: 0, in: path) : nil
    edit(&image, offset, block ?? 0)
    image.seal(.inode, at: offset)
    if let block { image.seal(.link, at: block) }
    let system = try image.open()
    do { _ = try system.linkTarget(of: node) } catch { return error }
    return nil
  }

  @Test func targetsAreInInodesAndInBlocks() throws {
    for image in [EditedImage.checked, EditedImage.plain] {
      let image = try image.get()
      let system = try image.open()
      let long = try system.linkTarget(of: XFSNode(inode: try image.inode("/link-1000")))
      #expect(long == ByteString(String(repeating: "/dir", count: 250)))
      let short = try system.linkTarget(of: XFSNode(inode: try image.inode("/vmlinuz")))
      #expect(short == "boot/vmlinuz")
    }
  }

  @Test func sizesAreLimited() throws {
    for image in [EditedImage.checked, EditedImage.plain] {
      let number = try image.get().inode("/link-1000")
      for size: UInt64 in [0, 1025, 1 << 32, .max >> 1] {
        #expect(
          try error(in: image) { edited, offset, _ in edited.put(size, at: offset + 56) }
            == .badSize(inode: number, byteCount: size))
      }
      let short = try image.get().inode("/vmlinuz")
      #expect(
        try error("/vmlinuz", in: image) { edited, offset, _ in
          edited.put(UInt64(1000), at: offset + 56)
        } == .badSize(inode: short, byteCount: 1000))
    }
  }

  @Test func blocksAreChecked() throws {
    let number = try EditedImage.checked.get().inode("/link-1000")
    let place = XFSStructure.linkBlock(inode: number, block: 0)
    #expect(try error { _, _, _ in } == nil)
    #expect(try error { $0.put(UInt32(7), at: $2) } == .badMagic(place, magic: 7))
    #expect(try error { $0.put(UInt32(1), at: $2 + 4) } == .badLink(place))
    #expect(try error { $0.put(UInt32(999), at: $2 + 8) } == .badLink(place))
    #expect(try error { $0.put(UInt32.max, at: $2 + 8) } == .badLink(place))
    #expect(
      try error { $0.put(UInt64(7), at: $2 + 32) } == .wrongPlace(place, field: "owner", value: 7))
    #expect(
      try error { $0.put(UInt64(7), at: $2 + 40) } == .wrongPlace(place, field: "sector", value: 7))
    #expect(try error { image, _, block in image.bytes[block + 16] ^= 1 } == .wrongUUID(place))
  }

  @Test func blocksMustBeThere() throws {
    for image in [EditedImage.checked, EditedImage.plain] {
      let number = try image.get().inode("/link-1000")
      let place = XFSStructure.linkBlock(inode: number, block: 0)
      let start = try image.get().hasChecksums ? 176 : 100
      #expect(
        try error(in: image) { edited, offset, _ in edited.putCount(0, at: offset) }
          == .badLink(place))
      for run in [
        Run(fileBlock: 0, block: 100, count: 1, isUnwritten: true),
        Run(fileBlock: 0, block: 100, count: 6), Run(fileBlock: 1, block: 100, count: 1),
      ] {
        #expect(
          try error(in: image) { edited, offset, _ in
            edited.bytes.replaceSubrange(
              offset + start..<offset + start + 16, with: EditedImage.record(run))
          } == .badLink(place))
      }
    }
  }

  @Test func blocksHaveChecksums() throws {
    var image = try EditedImage.checked.get()
    let node = XFSNode(inode: try image.inode("/link-1000"))
    image.bytes[try image.offset(ofBlock: 0, in: "/link-1000") + 100] ^= 1
    do {
      _ = try image.open().linkTarget(of: node)
      Issue.record("no error")
    } catch let error as XFSError {
      guard case .badChecksum(.linkBlock(node.inode, 0), _, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }
}
