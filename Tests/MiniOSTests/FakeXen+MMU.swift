// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import Foundation
import StubMachine

/// Xen's side of page tables: a page is a table of one level or memory, never both
/// (xen/arch/x86/mm.c). A table is linked from the one above or pinned; what it maps is counted. In
/// PVH nothing is checked, and changes are seen when the guest flushes.
extension FakeXen {
  private typealias Entry = PageTableEntry

  // MARK: The guest's view

  /// The entry that maps `address`, if one does; a large page's as a small one.
  func entry(at address: UInt64) -> UInt64? {
    var table = root
    for level in [4, 3, 2, 1] {
      let index = Int(address >> UInt64(3 + 9 * level) & 511)
      let entry = words(table)[index]
      guard entry & Entry.present != 0 else { return nil }
      if level == 1 { return entry }
      if level == 2, entry & Entry.large != 0 {
        return (entry & ~Entry.large) + (address >> 12 & 511) << 12
      }
      guard let next = storage(of: entry) else { return nil }
      table = next
    }
    return nil
  }

  /// The storage page that `address` shows.
  func storage(at address: UInt64) -> Int? { entry(at: address).flatMap { storage(of: $0) } }

  func storage(of entry: UInt64) -> Int? { storage(ofMachine: (entry & Entry.frameMask) >> 12) }

  // MARK: Links

  /// Makes a page a table of `level`, and everything below it; false if Xen's rules forbid that.
  func promote(_ table: Int, _ newLevel: Int, at address: UInt64) -> Bool {
    if level[table] != 0 {
      guard level[table] == newLevel else { return false }
      linkCount[table] += 1
      return true
    }
    guard mode == .pvh || (table < frameCount && writableCount[table] == 0) else { return false }
    level[table] = newLevel
    linkCount[table] = 1
    place[table] = address
    if mode == .pvh {
      shadow[table] = Array(UnsafeBufferPointer(start: words(table), count: 512))
    }
    let entries = words(table)
    for index in 0..<512
    where entries[index] & Entry.present != 0 && !link(entries[index], in: table, index) {
      for done in 0..<index { unlink(words(table)[done], in: table, done) }
      forget(table)
      return false
    }
    return true
  }

  /// Takes one link away; a table without any is memory again.
  func demote(_ table: Int) {
    linkCount[table] -= 1
    guard linkCount[table] == 0 else { return }
    let entries = shadow[table] ?? Array(UnsafeBufferPointer(start: words(table), count: 512))
    for index in 0..<512 where entries[index] & Entry.present != 0 {
      unlink(entries[index], in: table, index)
    }
    forget(table)
  }

  private func forget(_ table: Int) {
    level[table] = 0
    linkCount[table] = 0
    place[table] = .max
    shadow[table] = nil
  }

  /// The address that entry `index` of a table maps, or all ones for a table that is not in use.
  private func address(_ table: Int, _ index: Int) -> UInt64 {
    guard place[table] != .max else { return .max }
    return place[table] + UInt64(index) << UInt64(3 + 9 * level[table])
  }

  private func link(_ entry: UInt64, in table: Int, _ index: Int) -> Bool {
    guard entry & Entry.present != 0 else { return true }
    let position = address(table, index)
    if level[table] == 1 { return linkPage(entry, at: position) }
    if level[table] == 2, entry & Entry.large != 0 {
      if mode == .pvh, !machineBlocks.contains(entry >> 21) { return true }
      // Only Xen's own builder makes them, of memory in a row.
      for step in 0..<512 as Range<UInt64> {
        guard linkPage(entry + step << 12, at: position &+ step << 12) || mode == .pvh else {
          return false
        }
      }
      return true
    }
    guard let below = storage(of: entry) else { return false }
    return promote(below, level[table] - 1, at: position)
  }

  private func linkPage(_ entry: UInt64, at address: UInt64) -> Bool {
    guard let target = storage(of: entry) else { return mode == .pvh }
    if entry & Entry.writable != 0 {
      guard mode == .pvh || level[target] == 0 else { return false }
      writableCount[target] += 1
    }
    mappedCount[target] += 1
    if address != .max {
      show(target, at: address, isWritable: entry & Entry.writable != 0)
    }
    return true
  }

  private func unlink(_ entry: UInt64, in table: Int, _ index: Int) {
    guard entry & Entry.present != 0 else { return }
    let position = address(table, index)
    if level[table] == 1 {
      unlinkPage(entry, at: position)
    } else if level[table] == 2, entry & Entry.large != 0 {
      if mode == .pvh, !machineBlocks.contains(entry >> 21) { return }
      for step in 0..<512 as Range<UInt64> {
        unlinkPage(entry + step << 12, at: position &+ step << 12)
      }
    } else if let below = storage(of: entry) {
      demote(below)
    }
  }

  private func unlinkPage(_ entry: UInt64, at address: UInt64) {
    guard let target = storage(of: entry) else { return }
    if entry & Entry.writable != 0 { writableCount[target] -= 1 }
    mappedCount[target] -= 1
    if address != .max {
      stale[address] = target
      show(nil, at: address)
    }
  }

  // MARK: Hypercalls of PV

  /// Writes one entry as Xen does: the new one is checked first. 0 or a negative errno.
  func writeEntry(_ table: Int, _ index: Int, _ entry: UInt64) -> Int64 {
    guard table < frameCount else { return -1 }
    guard level[table] != 0 else {
      // Any memory may be written this way that might be mapped.
      words(table)[index] = entry
      return 0
    }
    let old = words(table)[index]
    // First the new one: what is in both keeps its links.
    guard link(entry, in: table, index) else { return -22 }
    words(table)[index] = entry
    let isShown = entry & Entry.present != 0
    let position = address(table, index)
    unlink(old, in: table, index)
    if isShown, old & Entry.present != 0, level[table] == 1, position != .max,
      let target = storage(of: entry)
    {
      show(target, at: position, isWritable: entry & Entry.writable != 0)
    }
    return 0
  }

  func updateMapping(_ address: UInt64, _ entry: UInt64) -> Int64 {
    var table = root
    for level in [4, 3, 2] {
      let above = words(table)[Int(address >> UInt64(3 + 9 * level) & 511)]
      guard above & Entry.present != 0, above & Entry.large == 0, let next = storage(of: above)
      else { return -22 }
      table = next
    }
    let result = writeEntry(table, Int(address >> 12 & 511), entry)
    // MiniOS asks for UVMF_INVLPG.
    if result == 0 { stale[address] = nil }
    return result
  }

  func updateEntries(_ list: UnsafePointer<UInt64>, _ count: Int) -> Int64 {
    for index in 0..<count {
      let (pointer, value) = (list[2 * index], list[2 * index + 1])
      guard let target = storageOfMachine[pointer >> 12], target < frameCount else { return -1 }
      switch pointer & 3 {
      case 0:
        let result = writeEntry(target, Int(pointer >> 3 & 511), value)
        guard result == 0 else { return result }
      case 1: machineTable[Int(pointer >> 12)] = value
      default: return -38
      }
    }
    return 0
  }

  // MARK: Flushes of PVH

  /// All ones: the whole address space.
  func flush(_ address: UInt64) {
    defer { settle() }
    guard address == .max else {
      flushPage(address)
      stale[address] = nil
      return
    }
    defer { stale = [:] }
    let now = Array(
      UnsafeBufferPointer(start: minios_boot_tables(), count: 512 * Int(MINIOS_BOOT_TABLE_COUNT)))
    guard now != bootTableCopy else { return }
    bootTableCopy = now
    demote(root)
    precondition(promote(root, 4, at: 0))
  }

  private func flushPage(_ address: UInt64) {
    // A table that could be written here until now may have changed.
    if let seen = shadowStorage(at: address), shadow[seen] != nil {
      for index in 0..<512 { refresh(seen, index) }
    }
    var table = root
    for level in [4, 3, 2, 1] {
      let index = Int(address >> UInt64(3 + 9 * level) & 511)
      refresh(table, index)
      let entry = words(table)[index]
      guard level > 1, entry & Entry.present != 0, entry & Entry.large == 0,
        let next = storage(of: entry)
      else { return }
      table = next
    }
  }

  /// What `address` showed when the guest last flushed it.
  private func shadowStorage(at address: UInt64) -> Int? {
    var table = root
    for level in [4, 3, 2, 1] {
      guard let entry = shadow[table]?[Int(address >> UInt64(3 + 9 * level) & 511)],
        entry & Entry.present != 0, entry & Entry.large == 0, let next = storage(of: entry)
      else { return nil }
      table = next
    }
    return table
  }

  private func refresh(_ table: Int, _ index: Int) {
    guard let old = shadow[table]?[index] else { return }
    let new = words(table)[index]
    guard old != new else { return }
    shadow[table]?[index] = new
    unlink(old, in: table, index)
    precondition(link(new, in: table, index), "a table of the wrong level")
  }
}
