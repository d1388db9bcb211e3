// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Names what is on a volume that no reader reads, by the signs that libblkid goes by
/// (util-linux 2.42, `libblkid/src/superblocks`), so that a guest that does not boot says why.
///
/// Signs of two bytes are not enough by themselves: fields beside them have to make sense. Only
/// what nobody reads is looked at, so a sign that was left under a newer file system says nothing.
enum UnreadFormats<Device: BlockDevice> {
  /// How much of a volume is looked at: all signs but VMFS's are in there.
  private static var frontByteCount: UInt64 { 68 << 10 }

  /// What `volume` holds: a name, or nil if none is known. What can't be read is not known.
  static func name(of volume: Volume<Device>) -> ByteString? {
    guard volume.byteCount >= 1024, let front = read(volume, at: 0, frontByteCount) else {
      return nil
    }
    return numbered(front) ?? written(front) ?? swap(front) ?? atTheThirdSector(front)
      ?? BSDFileSystem.name(front) ?? far(volume)
  }

  private static func read(_ volume: Volume<Device>, at offset: UInt64, _ count: UInt64)
    -> ByteView?
  {
    guard offset < volume.byteCount else { return nil }
    let count = min(count, volume.byteCount - offset)
    do { return ByteView(try volume.read(at: offset, count: Int(count))) } catch { return nil }
  }

  /// Signs of four bytes, the low one first.
  private static func numbered(_ front: ByteView) -> ByteString? {
    if front.u32(at: 1024) == 0xf2f5_2010 { return "F2FS" }
    if front.u32(at: 32) == 0x4253_584e { return "APFS" }
    if front.u32(at: 0x8000) == 0x3153_464a { return "JFS" }
    if front.u32(at: 0x10000) == 0x7019_1601 { return "GFS2" }
    if front.u32(at: 8192) == 0xf995_e849 { return "HPFS" }
    if front.u32(at: 1024) == 0xa501_fcf5 || front.u32(at: 8192) == 0xf5fc_01a5 { return "VxFS" }
    switch front.u32(at: 0) {
    case 0x28cd_3d45, 0x453d_cd28: return "cramfs"
    case 0x1bad_face: return "BFS"
    case 0x0610_1831: return "UBIFS"
    case 0x2349_4255: return "UBI"
    // As `mksquashfs -stream` leaves it (squashfs-tools 4.7), in capitals and at the end.
    case 0x5351_5348: return "a SquashFS without its superblock in front (mksquashfs -fix)"
    default: break
    }
    // The first byte is where the sectors' endings differ.
    for place in [32, 544] where isBeFS(front, at: place) { return "BeFS" }
    return nil
  }

  private static func isBeFS(_ front: ByteView, at place: Int) -> Bool {
    let sign = front.u32(at: place)
    return (sign == 0x3153_4642 || sign == 0x4246_5331)
      && (front.u32(at: place + 36) == 0xdd12_1031
        || front.u32BigEndian(at: place + 36) == 0xdd12_1031)
  }

  /// Signs that are words.
  private static func written(_ front: ByteView) -> ByteString? {
    func has(_ word: ByteString, _ place: Int) -> Bool {
      front.string(at: place, count: word.count) == word
    }
    // Microsoft's are where FAT has its maker's name.
    if has("-FVE-FS-", 3) { return "BitLocker" }
    if has("ReFS", 3) { return "ReFS" }
    if has("-rom1fs-", 0) { return "romfs" }
    if has("dmvdo001", 0) { return "VDO" }
    if has("bluestore block device", 0) { return "Ceph BlueStore" }
    if has("SFOZ", 0) { return "zonefs" }
    if has("!Stra0ti", 512) || has("!Stra0ti", 4608) { return "Stratis" }
    if has("ReIsEr4", 0x10000) { return "Reiser4" }
    for place in [0x10034, 0x2034, 0x2014]
    where has("ReIsErFs", place) || has("ReIsEr2Fs", place) || has("ReIsEr3Fs", place) {
      return "ReiserFS"
    }
    for place in [1024, 2048, 4096, 8192] where has("OCFSV2", place) { return "OCFS2" }
    // A pool's label has a list of pairs, the first of which is its version.
    if front.u8(at: 0x4000) == 1, has("version", 0x4018) { return "ZFS" }
    switch front.u64(at: 4096 + 24) {
    // bcache has its own sector in front; bcachefs began with the same sign.
    case 0xca45_1a4e_f673_85c6: return front.u64(at: 4096 + 8) == 8 ? "bcache" : "bcachefs"
    case 0xa990_ce66_f673_85c6: return "bcachefs"
    default: return nil
    }
  }

  /// At the end of the first page, whose size is the machine's.
  private static func swap(_ front: ByteView) -> ByteString? {
    for shift in 12...16 {
      switch front.string(at: 1 << shift - 10, count: 10) {
      case "SWAPSPACE2", "SWAP-SPACE": return "swap space"
      case "LINHIB0001": return "swap space with a hibernated system"
      default: break
      }
      switch front.string(at: 1 << shift - 10, count: 9) {
      case "S1SUSPEND", "S2SUSPEND", "ULSUSPEND": return "swap space with a hibernated system"
      default: break
      }
    }
    return nil
  }

  /// Signs of two bytes in the third sector, with fields that must make sense.
  private static func atTheThirdSector(_ front: ByteView) -> ByteString? {
    guard let block = front.slice(at: 1024, count: 512) else { return nil }
    switch block.u16BigEndian(at: 0) {
    case 0x4244:  // Blocks of a multiple of 512 bytes.
      if let size = block.u32BigEndian(at: 20), size > 0, size % 512 == 0 {
        return block.u16BigEndian(at: 0x7c) == 0x482b ? "HFS+" : "HFS"
      }
    case 0x482b, 0x4858:
      if let version = block.u16BigEndian(at: 2), version == 4 || version == 5,
        let size = block.u32BigEndian(at: 40), size >= 512, size & (size - 1) == 0
      {
        return "HFS+"
      }
    default: break
    }
    // Its revision, and how many bytes of the block count.
    if block.u16(at: 6) == 0x3434, block.u32(at: 0) == 2, let count = block.u16(at: 8),
      (0x100...1024).contains(count)
    {
      return "NILFS2"
    }
    return Minix.isSuperblock(block) ? "Minix" : nil
  }

  /// VMFS begins a mebibyte or two in.
  private static func far(_ volume: Volume<Device>) -> ByteString? {
    if read(volume, at: 1 << 20, 4)?.u32(at: 0) == 0xc001_d00d { return "a part of VMFS" }
    if read(volume, at: 2 << 20, 4)?.u32(at: 0) == 0x2fab_f15e { return "VMFS" }
    return nil
  }
}

/// UFS, of which there are many: two versions, both byte orders, four places.
private enum BSDFileSystem {
  /// The name, if there is one in the front of a volume; UFS2 has its superblock 64 KiB in.
  static func name(_ front: ByteView) -> ByteString? {
    for place in [0, 8192, 0x10000] {
      for sign in [front.u32(at: place + 1372), front.u32BigEndian(at: place + 1372)] {
        switch sign {
        case 0x0001_1954: return "UFS"
        case 0x1954_0119: return "UFS2"
        default: break
        }
      }
    }
    return nil
  }
}

/// Minix of versions 1 to 3, in either byte order.
private enum Minix {
  static func isSuperblock(_ block: ByteView) -> Bool {
    for isBig in [false, true] {
      func half(_ place: Int) -> UInt16 {
        (isBig ? block.u16BigEndian(at: place) : block.u16(at: place)) ?? 0
      }
      // Version 3 has larger fields in front.
      let isThird = half(24) == 0x4d5a
      let sign = half(16)
      let isOlder = sign == 0x137f || sign == 0x138f || sign == 0x2468 || sign == 0x2478
      guard isThird || isOlder else { continue }
      // Inodes, both bitmaps and the first zone of data; how large zones are.
      let first = isThird ? half(10) : half(8)
      let bitmaps = isThird ? (half(6), half(8)) : (half(4), half(6))
      let inodes = half(0) != 0 || half(2) != 0
      let shift = isThird ? half(12) : half(10)
      if inodes, bitmaps.0 > 0, bitmaps.1 > 0, first > 2, shift == 0 { return true }
    }
    return false
  }
}
