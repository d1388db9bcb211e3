// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// For decoders that look back at what came out: the file is unpacked in a row, in a window whose
/// pages are the kernel's wherever that is possible.
extension PayloadLoader {
  /// How much longer the window becomes at a time: 2 MiB, or what the decoder needs for a call.
  private static var growthByteCount: UInt64 { 2 << 20 }

  /// Unpacks the whole file into a window.
  mutating func unpackInARow() throws(Failure) -> LinearPlan {
    let layout = try layoutOfHead()
    try prepareMemory(layout)
    // Offsets in the file can be any number; after this check sums with them are safe.
    let stated = unpacker.statedByteCount
    let end = stated ?? unpacker.limits.unpackedByteCount
    guard layout.fileEnd <= end else {
      throw .image(.payloadEndsEarly(position: end, neededByteCount: layout.fileEnd))
    }
    // Numbers of at most 1 GiB.
    let roomEnd = end + UInt64(unpacker.decoder.outputMarginByteCount)
    let gathered = UInt64(unpacker.decoder.gatheredByteCount)
    let plan = LinearPlan(layout, gapsEnd: gathered == 0 ? 0 : roomEnd - min(roomEnd, gathered))
    var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var filled = 0
    while true {
      if output.count < roomEnd, output.count - filled < unpacker.decoder.outputByteCountMax {
        let step = max(Self.growthByteCount, UInt64(unpacker.decoder.outputByteCountMax))
        // Both are at most 1 GiB and a few more bytes of headers.
        let byteCount = min(roomEnd, UInt64(filled) + step)
        output = try linearWindow(plan, byteCount: byteCount, filledByteCount: UInt64(filled))
      }
      let count: Int
      do throws(PayloadError<Source.Failure>) {
        count = try unpacker.unpack(
          to: UnsafeMutableRawBufferPointer(rebasing: output[filled...]))
      } catch { throw Failure(error) }
      guard count > 0 else { break }
      filled += count
    }
    do throws(PayloadError<Source.Failure>) {
      try unpacker.checkSize()
    } catch { throw Failure(error) }
    window = UnsafeRawBufferPointer(rebasing: output[..<filled])
    return plan
  }

  /// The layout that the first bytes of the file tell of.
  private mutating func layoutOfHead() throws(Failure) -> LoadLayout {
    var neededByteCount = ElfHeader.byteCount
    // A second turn when the file header is there, to get the program headers.
    for _ in 0..<2 {
      let head: ByteView
      do throws(PayloadError<Source.Failure>) {
        head = try unpacker.head(byteCount: neededByteCount)
      } catch { throw Failure(error) }
      guard head.count >= neededByteCount else {
        throw .image(
          .payloadEndsEarly(
            position: UInt64(head.count), neededByteCount: UInt64(neededByteCount)))
      }
      do throws(KernelImageError) {
        let header = try ElfHeader(head)
        neededByteCount = max(neededByteCount, header.programHeadersEnd)
        if head.count >= neededByteCount {
          return try LoadLayout(header.programHeaders(in: head))
        }
      } catch { throw .image(error) }
    }
    throw endsEarly(at: 0)
  }

  private mutating func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64, filledByteCount: UInt64
  ) throws(Failure) -> UnsafeMutableRawBufferPointer {
    do throws(Memory.Failure) {
      let window = try memory.linearWindow(
        plan, byteCount: byteCount, filledByteCount: filledByteCount)
      precondition(UInt64(window.count) == byteCount, "a window of the wrong size")
      return window
    } catch { throw .memory(error) }
  }

  /// Shows the stream what it asks for, all of which is in the window.
  mutating func show(_ window: UnsafeRawBufferPointer) throws(Failure) {
    let wanted: UInt64
    switch stream.step {
    case .header(let byteCount): wanted = UInt64(byteCount)
    case .skip(let byteCount), .store(_, let byteCount): wanted = byteCount
    case .copyHeader(_, let byteCount, _):
      stream.advanceHeaderCopy(byteCount: byteCount)
      return
    case .finished: return
    }
    let position = Int(clamping: stream.position)
    guard position < window.count else { throw endsEarly(at: UInt64(window.count)) }
    let count = min(window.count - position, Int(clamping: wanted))
    do throws(KernelImageError) {
      try stream.advance(UnsafeRawBufferPointer(rebasing: window[position..<position + count]))
    } catch { throw .image(error) }
  }

  /// Copies what could not be unpacked to its place, and gives the window up.
  mutating func copy(_ plan: LinearPlan) throws(Failure) {
    guard let window else { return }
    for copy in plan.copies {
      // The stream has seen all segments, so they are in the window.
      var position = Int(copy.file.lowerBound)
      var address = copy.physicalAddress
      let end = Int(copy.file.upperBound)
      while position < end {
        let region = try region(address, end - position)
        // SAFETY: the region is at most as long as what is left.
        region.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: window[position..<position + region.count]))
        position += region.count
        address += UInt64(region.count)
      }
    }
    self.window = nil
    do throws(Memory.Failure) {
      try memory.endLinearWindow()
    } catch { throw .memory(error) }
  }
}
