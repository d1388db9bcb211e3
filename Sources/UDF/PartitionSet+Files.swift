// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension PartitionSet {
  /// The bytes of a block.
  func block(_ address: BlockAddress) throws(UDFError) -> ByteView {
    guard let run = try runs(address, count: 1).first,
      run.sector < volume.byteCount / blockByteCount
    else { throw .outOfRange(address.place, block: UInt64(address.block)) }
    try pay(.copiedBytes, UDFLimits.costOfChecksum * Int(blockByteCount))
    do {
      return ByteView(
        try volume.read(at: run.sector * blockByteCount, count: Int(blockByteCount)))
    } catch { throw .device(error) }
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(UDFError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// Pays for an array.
  func payMemory(byteCount: Int) throws(UDFError) {
    do { try volume.work.payMemory(byteCount: byteCount) } catch { throw .device(error) }
  }

  /// The file entry at a place: where entries may not be written again (strategy 4096), each has an
  /// indirect entry behind it, which leads to the next one if there is any (ECMA-167, 4/A.1).
  func fileEntry(at address: BlockAddress) throws(UDFError) -> FileEntry {
    var place = address
    for _ in 0..<UDFLimits.indirectCount {
      let view = try block(place)
      let identifier = try DescriptorTag.check(view, at: place.place, location: place.block)
      guard
        identifier == DescriptorTag.fileEntry || identifier == DescriptorTag.extendedFileEntry
      else {
        throw .badTag(place.place, expected: DescriptorTag.fileEntry, found: identifier)
      }
      switch view.u16(at: 20) {
      case 4: return try FileEntry(view, identifier, place)
      case 4096:
        guard let next = indirectEntry(after: place) else {
          return try FileEntry(view, identifier, place)
        }
        place = next
      default:
        throw .badField(
          place.place, field: "strategy", value: UInt64(view.u16(at: 20) ?? 0))
      }
    }
    throw .tooMany(address.place, "indirect entries")
  }

  private func indirectEntry(after address: BlockAddress) -> BlockAddress? {
    guard address.block < UInt32.max else { return nil }
    let place = BlockAddress(block: address.block + 1, partition: address.partition)
    guard let view = try? block(place),
      (try? DescriptorTag.check(view, at: place.place, location: place.block))
        == DescriptorTag.indirectEntry,
      let next = LongExtent(view, at: 36), next.byteCount > 0, next.address != address
    else { return nil }
    return next.address
  }

  /// Where the contents of a file are, which add up to its size.
  func extents(of entry: FileEntry) throws(UDFError) -> [Extent] {
    if entry.form == .inline {
      guard let count = Int(exactly: entry.byteCount),
        let bytes = entry.allocation.slice(at: 0, count: count)
      else { throw .missingParts(entry.address.place, byteCount: entry.byteCount) }
      return count == 0 ? [] : [.inline(bytes.bytes)]
    }
    var result: [Extent] = []
    var list = DescriptorList(entry)
    var rest = entry.byteCount
    while rest > 0 {
      guard let descriptor = try next(of: &list) else {
        throw .missingParts(entry.address.place, byteCount: rest)
      }
      let count = min(rest, UInt64(descriptor.byteCount))
      list.runCount += try append(descriptor, count, to: &result)
      rest -= count
      guard list.runCount <= UDFLimits.runCount else {
        throw .tooMany(entry.address.place, "pieces")
      }
    }
    return result
  }

  /// The descriptors of a file that were not yet taken.
  struct DescriptorList {
    let entry: FileEntry
    var view: ByteView
    var offset = 0
    var count = 0
    var continuationCount = 0
    var runCount = 0

    init(_ entry: FileEntry) {
      self.entry = entry
      view = entry.allocation
    }
  }

  /// The next descriptor of an extent of the file; nil after the last.
  private func next(of list: inout DescriptorList) throws(UDFError) -> AllocationDescriptor? {
    let entry = list.entry
    // Ends: each turn goes on in the list, or in another one, of which there are few.
    while true {
      guard
        let found = AllocationDescriptor(
          list.view, at: list.offset, form: entry.form, partition: entry.address.partition),
        found.byteCount > 0
      else { return nil }
      list.offset += AllocationDescriptor.byteCount(entry.form)
      list.count += 1
      try pay(.comparisons)
      guard list.count <= UDFLimits.descriptorsPerFile else {
        throw .tooMany(entry.address.place, "allocation descriptors")
      }
      guard found.kind == .continuation else { return found }
      list.continuationCount += 1
      guard list.continuationCount <= UDFLimits.continuationCount else {
        throw .tooMany(entry.address.place, "extents of allocation descriptors")
      }
      let place = found.address.place
      let view = try block(found.address)
      let tag = try DescriptorTag.check(view, at: place, location: found.address.block)
      guard tag == DescriptorTag.allocationExtent else {
        throw .badTag(place, expected: DescriptorTag.allocationExtent, found: tag)
      }
      guard let count = view.u32(at: 20), let rest = view.slice(at: 24, count: Int(count)) else {
        throw .badField(
          place, field: "length of the descriptors", value: UInt64(view.u32(at: 20) ?? 0))
      }
      list.view = rest
      list.offset = 0
    }
  }

  /// Appends the first `count` bytes of an extent; gives the number of pieces that it is in.
  private func append(
    _ descriptor: AllocationDescriptor, _ count: UInt64, to result: inout [Extent]
  ) throws(UDFError) -> Int {
    let stride = MemoryLayout<Extent>.stride
    do { try volume.work.payGrowth(elementCount: result.count, elementByteCount: stride) } catch {
      throw .device(error)
    }
    try pay(.segments)
    guard descriptor.kind == .recorded else {
      result.append(.zeros(byteCount: count))
      return 1
    }
    let blockCount = (count + blockByteCount - 1) / blockByteCount
    var rest = count
    let runs = try runs(descriptor.address, count: blockCount)
    if runs.count > 1 {
      try pay(.segments, runs.count)
      try payMemory(byteCount: 2 * (result.count + runs.count) * stride)
    }
    for run in runs {
      let offset = run.sector * blockByteCount  // Under 2^33 sectors of 2^15 bytes.
      let part = min(rest, run.count * blockByteCount)
      guard offset <= volume.byteCount, part <= volume.byteCount - offset else {
        throw .outOfRange(descriptor.address.place, block: UInt64(descriptor.address.block))
      }
      rest -= part
      if case .run(let start, let before)? = result.last, start + before == offset {
        result[result.count - 1] = .run(byteOffset: start, byteCount: before + part)
      } else {
        result.append(.run(byteOffset: offset, byteCount: part))
      }
    }
    return runs.count
  }

  /// The contents of a small file whole.
  func contents(of entry: FileEntry, limit: UInt64) throws(UDFError) -> [UInt8] {
    guard entry.byteCount <= limit else {
      throw .directoryTooLarge(entry.address.place, byteCount: entry.byteCount)
    }
    try payMemory(byteCount: Int(entry.byteCount))
    try pay(.copiedBytes, Int(entry.byteCount))
    var result: [UInt8] = []
    for extent in try extents(of: entry) {
      switch extent {
      case .run(let offset, let count):
        do { result += try volume.read(at: offset, count: Int(count)) } catch {
          throw .device(error)
        }
      case .zeros(let count): result += [UInt8](repeating: 0, count: Int(count))
      case .inline(let bytes): result += bytes
      case .encoded: break  // The format packs nothing.
      }
    }
    return result
  }
}
