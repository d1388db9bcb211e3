// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension LogicalVolumeMapper {
  /// Which images are up to date, as the superblocks say that device-mapper writes beside them
  /// (Linux, `drivers/md/dm-raid.c`, `struct dm_raid_superblock`). Without these all are.
  func goodImages(
    _ images: [ByteString], _ states: [ByteString], depth: Int, of volume: LogicalVolume,
    _ remarks: inout [ByteString]
  ) -> [Bool] {
    var good = [Bool](repeating: true, count: images.count)
    var newest: ByteView?
    var events: [UInt64?] = []
    for name in states {
      guard let state = group.logicalIndex(name), let view = superblock(state, depth: depth) else {
        events.append(nil)
        continue
      }
      let count = view.u64(at: 16) ?? 0
      events.append(count)
      if count > newest?.u64(at: 16) ?? 0 || newest == nil { newest = view }
    }
    guard let newest, let highest = newest.u64(at: 16), let failed = newest.u64(at: 24) else {
      return good
    }
    for (index, count) in events.enumerated() where index < good.count {
      let hasFailed = index < 64 && failed >> UInt64(index) & 1 == 1
      // One change less is what a crash leaves behind.
      let isOld = count.map { $0 < highest && highest - $0 > 1 } ?? false
      if hasFailed || isOld {
        good[index] = false
        add(["\(images[index]) is left out: it is out of date"], to: &remarks)
      }
    }
    return good
  }

  private func superblock(_ state: Int, depth: Int) -> ByteView? {
    var remarks: [ByteString] = []
    do throws(LVMError) {
      let volume = try map(state, depth: depth + 1, &remarks)
      let bytes: [UInt8]
      do { bytes = try volume.read(at: 0, count: 512) } catch { return nil }
      let view = ByteView(bytes)
      return view.u32(at: 0) == 0x6452_6d44 ? view : nil
    } catch { return nil }
  }
}
