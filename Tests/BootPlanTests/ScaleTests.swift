// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// What a search costs on a disk with many partitions: reads of a cache line, as the loader has it.
struct ScaleTests {
  private typealias Disk = CachedDevice<FaultyDevice<SparseDevice>>

  /// What is on the partitions.
  enum Filling: CaseIterable {
    /// File systems without a menu.
    case files
    /// The same with a menu on the last one.
    case menuAtTheEnd
    /// Nothing.
    case blank
  }

  /// The reads of a search of a disk with `count` partitions of 8 MiB.
  private func readCount(_ count: Int, _ filling: Filling) throws -> Int {
    let plain = try GuestImage(.bare, ["/etc/hostname", "x", "/srv/a/b", "y"]).bytes
    let stock = try GuestImage(.bare).bytes
    let sparse = SparseDevice(byteCount: UInt64(count + 2) << 23)
    sparse.put(Self.table(count), at: 0)
    for index in 0..<count where filling != .blank {
      let hasMenu = filling == .menuAtTheEnd && index == count - 1
      sparse.put(hasMenu ? stock : plain, at: UInt64(index + 1) << 23)
    }
    let faulty = FaultyDevice(sparse)
    let environment = GuestEnvironment(
      GuestDisks([GuestDisk(Disk(faulty), isOptical: false)]))
    #expect(environment.disks.mounted.count == (filling == .blank ? 0 : count))
    let menu = MenuSearch(environment).find().menu
    #expect((menu != nil) == (filling == .menuAtTheEnd))
    return faulty.readCount
  }

  /// A protective MBR and the first copy of a GPT.
  private static func table(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 34 * 512)
    func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
      withUnsafeBytes(of: value.littleEndian) {
        bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
      }
    }
    bytes[446 + 4] = 0xee
    put(UInt32(1), at: 446 + 8)
    put(UInt32.max, at: 446 + 12)
    put(UInt16(0xaa55), at: 510)
    for index in 0..<count {
      let entry = 1024 + 128 * index
      for byte in 0..<32 { bytes[entry + byte] = UInt8(byte ^ index) | 1 }
      put(UInt64(index + 1) << 14, at: entry + 32)
      put(UInt64(index + 2) << 14 - 1, at: entry + 40)
    }
    bytes.replaceSubrange(512..<520, with: Array("EFI PART".utf8))
    put(UInt32(92), at: 512 + 12)
    put(UInt64(1), at: 512 + 24)
    put(UInt64(2), at: 512 + 72)
    put(UInt32(128), at: 512 + 80)
    put(UInt32(128), at: 512 + 84)
    put(CRC32.ieee.checksum(Array(bytes[1024...])), at: 512 + 88)
    put(CRC32.ieee.checksum(Array(bytes[512..<604])), at: 512 + 16)
    return bytes
  }

  @Test(arguments: Filling.allCases)
  func readsGrowNoFasterThanPartitions(filling: Filling) throws {
    let small = try readCount(16, filling)
    for count in [32, 64, 128] {
      let reads = try readCount(count, filling)
      #expect(reads <= small * count / 16, "\(reads) reads for \(count), \(small) for 16")
    }
  }

  /// A group of `count` small volumes, and behind them one by `name` with a system.
  private func group(_ count: Int, _ name: String) throws -> MemberImages {
    try MemberImages(
      "lvm", count: 1, data: [try GuestImage(.bare).bytes],
      ["1", "many=\(count)", "\(name):linear:@0"]
    )
  }

  /// The reads of finding the menu of such a group.
  private func readCount(_ images: MemberImages) throws -> (count: Int, menu: Menu?) {
    let file = try #require(FileDevice(path: images.paths[0]))
    let faulty = FaultyDevice(file)
    let environment = GuestEnvironment(
      GuestDisks([GuestDisk(CachedDevice(faulty), isOptical: false)]))
    #expect(environment.disks.remarks.isEmpty)
    let menu = MenuSearch(environment).find().menu
    return (faulty.readCount, menu)
  }

  @Test func aRootOfAnyNameBehindManyVolumesIsFound() throws {
    var last = 0
    for (count, limit) in [(64, 12), (256, 30), (1024, 90)] {
      let found = try readCount(try group(count, "srv"))
      #expect(found.menu?.file.name == "(lvm/my--vg-srv)/boot/grub/grub.cfg")
      // Volumes of one extent lie one after the other, and share their lines.
      #expect(found.count <= count * 2 + limit, "\(found.count) reads for \(count)")
      #expect(last == 0 || found.count <= 5 * last)
      last = found.count
    }
  }

  /// One more than the limit, and the root is the last in the text.
  @Test func aRootOfAUsualNameIsLookedAtFirst() throws {
    let images = try group(4096, "root")
    let faulty = FaultyDevice(try #require(FileDevice(path: images.paths[0])))
    let environment = GuestEnvironment(
      GuestDisks([GuestDisk(CachedDevice(faulty), isOptical: false)]))
    #expect(
      environment.disks.remarks == [
        "my-vg: more than 4096 logical volumes; the rest is left out"
      ])
    let menu = MenuSearch(environment).find().menu
    #expect(menu?.file.name == "(lvm/my--vg-root)/boot/grub/grub.cfg")
    // 256 volumes are looked at for parts of arrays.
    #expect(faulty.readCount < 2 * 256 + 100, "\(faulty.readCount) reads")
    #expect(environment.disks.disks.count == 1 + 4096)
    for name: ByteString in ["lvm/my--vg-lv4094", "my-vg/lv4094", "mapper/my--vg-lv4094"] {
      let place = try #require(environment.disks.position(named: name))
      #expect(environment.disks.name(of: place) == "lvm/my--vg-lv4094")
    }
    #expect(environment.disks.position(named: "lvm/my--vg-lv4095") == nil)
  }
}
