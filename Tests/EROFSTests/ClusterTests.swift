// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// Packed files whose headers, lists of clusters, or places in the packed inode lie.
struct ClusterTests {
  /// `/numbers` of the image whose lists are of full size: its number, its header, its list.
  private struct Packed {
    var image: EditedImage
    let number: UInt64
    let inode: Int
    let header: Int
    var list: Int { header + 16 }

    init(_ image: EditedImage, _ path: ByteString = "/numbers") throws {
      self.image = image
      (inode, number) = try image.inode(path)
      header = (try image.end(path) + 7) / 8 * 8
    }

    func error(at path: ByteString = "/numbers") -> EROFSError? { image.error(at: path) }
  }

  private func full() throws -> Packed { try Packed(EditedImage.full.get()) }
  private func compact() throws -> Packed { try Packed(EditedImage.compact.get()) }

  private func error(
    _ file: () throws -> Packed, _ edit: (inout Packed) -> Void
  ) throws -> (EROFSError?, number: UInt64) {
    var file = try file()
    #expect(file.error() == nil)
    edit(&file)
    return (file.error(), file.number)
  }

  @Test func formsOfListsAreNamed() throws {
    for (offset, byte, feature) in [
      (4, UInt8(0x47), ByteString("advice 0x40")), (7, 1, "clusters larger than blocks"),
      (6, 4, "algorithm 4"), (6, 1, "algorithm 1"),
    ] {
      let (error, number) = try error(full) { $0.image.bytes[$0.header + offset] = byte }
      #expect(error == .unsupportedFile(inode: number, feature: feature))
    }
  }

  @Test func piecesOfSeveralBlocksNeedTheFeature() throws {
    var (error, number) = try error(compact) { $0.image.bytes[$0.header + 4] ^= 4 }
    #expect(error == .badInode(number, field: "its size of pieces", value: 2))
    (error, number) = try self.error(compact) {
      let features = EditedImage.superblock + 80
      $0.image.put($0.image.u32(features) & ~2, at: features)
    }
    #expect(error == .badInode(number, field: "its size of pieces", value: 1))
  }

  @Test func theNumberOfClustersIsLimited() throws {
    var image = MadeImage(features: 3)
    let header = MadeImage.header(advice: 6)
    image.name(image.addInode(layout: 1, size: 1 << 60, behind: header), "numbers")
    let edited = EditedImage(image.finish())
    let number = try edited.inode("/numbers").number
    #expect(
      edited.error(at: "/numbers")
        == .badInode(number, field: "the number of its clusters", value: 1 << 48))
  }

  @Test func aFileBeginsWithAPiece() throws {
    var (error, number) = try error(full) { $0.image.put(1 as UInt16, at: $0.list + 2) }
    #expect(error == .badCluster(inode: number, cluster: 0))
    (error, number) = try self.error(full) { $0.image.put(2 as UInt16, at: $0.list) }
    #expect(error == .badCluster(inode: number, cluster: 0))
  }

  @Test func offsetsStayInTheirBlocks() throws {
    let (error, number) = try error(full) { $0.image.put(4096 as UInt16, at: $0.list + 2) }
    #expect(error == .badCluster(inode: number, cluster: 0))
  }

  @Test func storedSizesAreChecked() throws {
    // The second cluster says in how many blocks the first piece is stored.
    var (error, number) = try error(full) { $0.image.put(0x800 as UInt16, at: $0.list + 12) }
    #expect(error == .badCluster(inode: number, cluster: 0))
    (error, number) = try self.error(full) { $0.image.put(1 as UInt16, at: $0.list + 12) }
    #expect(error == .badCluster(inode: number, cluster: 0))
    // Without pieces of several blocks, none says so.
    (error, number) = try self.error(full) { $0.image.bytes[$0.header + 4] = 0 }
    #expect(error == .badCluster(inode: number, cluster: 1))
  }

  @Test func piecesAreOnTheVolume() throws {
    let (error, number) = try error(full) { $0.image.put(0xfff0_0000 as UInt32, at: $0.list + 4) }
    #expect(error == .outOfRange(inode: number, byteOffset: 0xfff0_0000 << 12))
  }

  @Test func whatIsNotPackedIsNotLongerThanItsBlocks() throws {
    let (error, number) = try error(full) {
      $0.image.put(0 as UInt16, at: $0.list)
      $0.image.put(0x801 as UInt16, at: $0.list + 12)
    }
    #expect(error == .badCluster(inode: number, cluster: 0))
  }

  @Test func aPieceThatDoesNotUnpackIsToldWithItsPlace() throws {
    var file = try full()
    let start = Int(file.image.u32(file.list + 4)) * 4096
    file.image.bytes.replaceSubrange(
      start..<start + 4096, with: [UInt8](repeating: 0xff, count: 4096))
    let system = try file.image.open()
    do throws(FileError<EROFSError>) {
      _ = try FileContents.readAll("/numbers", in: system, on: system.volume, limit: 1 << 20)
      Issue.record("it was read")
    } catch {
      #expect(error.family == .corrupt)
      #expect(error.message.hasPrefix("packed data at byte \(start)"))
    }
  }

  @Test func theSizeOfTheLastPieceIsChecked() throws {
    let (error, number) = try error(compact) { $0.image.put(5000 as UInt16, at: $0.header + 2) }
    #expect(
      error == .badInode(number, field: "the size of the end behind it", value: 5000))
  }

  @Test func placesInThePackedInodeAreChecked() throws {
    func file(_ path: ByteString) throws -> Packed {
      try Packed(EditedImage(MadeImageTests.fragments(isPacked: true)), path)
    }
    let whole = try file("/whole")
    let field: ByteString = "its place in the packed inode"
    // 2000 bytes from here are one too many.
    var edited = whole
    edited.image.put(58001 as UInt32, at: edited.header)
    #expect(edited.error(at: "/whole") == .badInode(whole.number, field: field, value: 58001))
    edited.image.put(UInt64.max, at: edited.header)
    #expect(
      edited.error(at: "/whole")
        == .badInode(whole.number, field: field, value: 1 << 63 - 1))
    let end = try file("/end")
    edited = end
    // The upper half of the offset, in the place of a block's number.
    edited.image.put(UInt32.max, at: edited.list + 8 * 2 + 4)
    #expect(
      edited.error(at: "/end")
        == .badInode(end.number, field: field, value: 0xffff_ffff << 32 + 25000))
  }

  @Test func thePackedInodeHasNoneItself() throws {
    let made = EditedImage(try MadeImageTests.fragments(isPacked: true))
    let place = EditedImage.superblock + 96
    let (_, whole) = try made.inode("/whole")
    let (_, end) = try made.inode("/end")
    let field: ByteString = "its packed inode"
    for (packed, path, inode) in [
      (0 as UInt64, "/whole", whole), (whole, "/whole", whole), (end, "/whole", end),
      (whole, "/end", whole), (end, "/end", end),
    ] as [(UInt64, ByteString, UInt64)] {
      var edited = made
      edited.put(packed, at: place)
      #expect(
        edited.error(at: path) == .badInode(inode, field: field, value: packed),
        "\(packed) \(path.text)")
    }
  }
}
