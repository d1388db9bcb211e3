// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine

/// Mapping pages, and the tables made for it.
extension AddressSpace {
  /// A zeroed frame of the domain's that is not mapped, ready to be a table.
  static func newTable() -> UInt64? {
    precondition(!tablesAreFrozen, "a page table is needed during the hand-over")
    guard let frame = Frames.free.take() else { return nil }
    let scratch = minios_scratch_page()
    let entry = machineFrame(of: frame) << 12 | Entry.memory
    guard PageTables.setMapping(scratch, entry: entry) == 0,
      let page = UnsafeMutableRawPointer(bitPattern: UInt(scratch))
    else {
      Frames.free.free(frame..<frame + 1)
      return nil
    }
    page.initializeMemory(as: UInt64.self, repeating: 0, count: 512)
    PageTables.setMapping(scratch, entry: 0)
    return frame
  }

  /// The machine frame of the L1 table for `address`, made with the tables above it if missing;
  /// nil when memory ran out.
  static func l1Table(for address: UInt64) -> UInt64? {
    let region = address >> 21
    if region == cachedRegion { return cachedL1 }
    var table = l4MachineFrame
    for shift: UInt64 in [39, 30, 21] {
      let index = Int(address >> shift & 511)
      let entry = readEntry(table: table, index: index)
      if entry & Entry.present != 0 {
        table = (entry & Entry.frameMask) >> 12
        continue
      }
      guard let frame = newTable() else { return nil }
      let new = machineFrame(of: frame)
      guard writeEntry(table: table, index: index, new << 12 | Entry.table) == 0 else {
        Frames.free.free(frame..<frame + 1)
        return nil
      }
      noteTable(frame)
      table = new
    }
    // The scratch page must not keep a table visible: it may be pinned or freed later.
    PageTables.setMapping(minios_scratch_page(), entry: 0)
    cachedRegion = region
    cachedL1 = table
    return table
  }

  /// Makes sure that `address` has an L1 table.
  static func prepareTables(for address: UInt64) -> Bool { l1Table(for: address) != nil }

  /// Sets the entries of `count` pages from `address` on to what `entry` gives for each index.
  /// False when memory for tables ran out or Xen refused; what was set stays set.
  static func set(
    _ address: UInt64, count: Int, entry: (Int) -> UInt64
  ) -> Bool {
    let buffer = minios_update_buffer()
    var done = 0
    while done < count {
      let position = address + UInt64(done) * 4096
      guard let table = l1Table(for: position) else { return false }
      let first = Int(position >> 12 & 511)
      let batch = min(count - done, 512 - first)
      for step in 0..<batch {
        buffer[2 * step] = table << 12 | UInt64((first + step) * 8)
        buffer[2 * step + 1] = entry(done + step)
      }
      guard PageTables.apply(buffer, count: batch) == 0 else { return false }
      done += batch
    }
    return true
  }

  /// Maps the frames that hold `byteCount` bytes from `address` on at their own addresses.
  static func mapIdentity(_ address: UInt64, byteCount: UInt64, _ bits: UInt64) {
    let first = address >> 12
    let count = Int((address + byteCount + 4095) >> 12 - first)
    guard count > 0 else { return }
    if !set(first << 12, count: count, entry: { (first + UInt64($0)) << 12 | bits }) {
      Panic.end("no memory for page tables")
    }
  }

  /// Removes the mappings of `count` pages from `address` on.
  static func unmap(_ address: UInt64, count: Int) {
    _ = set(address, count: count) { _ in 0 }
    PageTables.flush()
  }

  /// Maps `count` free frames from `address` on; false when memory ran out or Xen refused.
  static func populate(_ address: UInt64, count: Int) -> Bool {
    var done = 0
    while done < count, let run = Frames.free.takeRun(countMax: UInt64(count - done)) {
      let position = address + UInt64(done) * 4096
      var asked = 0
      let isMapped = set(position, count: run.count) { index in
        asked = index + 1
        return machineFrame(of: run.lowerBound + UInt64(index)) << 12 | Entry.memory
      }
      guard isMapped else {
        // The last table asked for may be half written: none of its frames stays mapped.
        let end = position >> 12 + UInt64(asked)
        let last = asked - min(asked, Int((end - 1) & 511) + 1)
        unmap(position + UInt64(last) * 4096, count: asked - last)
        Frames.free.free(run.lowerBound + UInt64(last)..<run.upperBound)
        done += last
        break
      }
      done += run.count
    }
    if done == count { return true }
    release(address, count: done)
    return false
  }

  /// Removes the mappings of `count` pages from `address` on and frees their frames.
  static func release(_ address: UInt64, count: Int) {
    let frames = minios_frame_buffer()
    var done = 0
    while done < count {
      let position = address + UInt64(done) * 4096
      guard let table = l1Table(for: position) else { return }
      let first = Int(position >> 12 & 511)
      let batch = min(count - done, 512 - first)
      readFrames(table: table, first: first, count: batch)
      _ = set(position, count: batch) { _ in 0 }
      PageTables.flush()
      for step in 0..<batch where frames[step] != .max {
        Frames.free.free(frames[step]..<frames[step] + 1)
      }
      done += batch
    }
  }

  /// Writes the frames that `count` entries of an L1 table map into the frame buffer; all ones
  /// for an entry that maps nothing.
  static func readFrames(table: UInt64, first: Int, count: Int) {
    let frames = minios_frame_buffer()
    let scratch = minios_scratch_page()
    PageTables.setMapping(scratch, entry: table << 12 | Entry.readOnly)
    if let entries = UnsafePointer<UInt64>(bitPattern: UInt(scratch)) {
      for step in 0..<count {
        let entry = entries[first + step]
        let isPresent = entry & Entry.present != 0
        frames[step] = isPresent ? frame(ofMachine: (entry & Entry.frameMask) >> 12) : .max
      }
    }
    PageTables.setMapping(scratch, entry: 0)
  }

  /// The frames that `count` pages from `address` on are mapped to.
  static func frames(at address: UInt64, count: Int) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    while result.count < count {
      let position = address + UInt64(result.count) * 4096
      guard let table = l1Table(for: position) else { return result }
      let first = Int(position >> 12 & 511)
      let batch = min(count - result.count, 512 - first)
      readFrames(table: table, first: first, count: batch)
      result.append(contentsOf: UnsafeBufferPointer(start: minios_frame_buffer(), count: batch))
    }
    return result
  }

  /// Flushes the translation cache.
  static func flush() { PageTables.flush() }
}
