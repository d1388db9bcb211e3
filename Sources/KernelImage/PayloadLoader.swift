// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// Brings an ELF kernel from its unpacker into memory.
struct PayloadLoader<Source: KernelSource, Memory: KernelMemory> {
  typealias Failure = KernelLoadError<Source.Failure, Memory.Failure>

  /// The size of the buffer for headers and for what is skipped, and of the largest region.
  private static var scratchByteCount: Int { Int(ElfHeader.programHeadersEndMax) }
  private static var regionByteCountMax: UInt64 { 1 << 30 }

  /// Where the kernel's frames are.
  var memory: Memory
  let unpacker: Unpacker<Source>
  var stream = PayloadStream()
  /// The whole unpacked file, if it was unpacked in a row.
  var window: UnsafeRawBufferPointer?
  private let scratch = ScratchBuffer(byteCount: Self.scratchByteCount)
  private var isPrepared = false

  init(_ unpacker: Unpacker<Source>, _ memory: Memory) {
    self.unpacker = unpacker
    self.memory = memory
  }

  /// Loads the kernel. To be called once.
  mutating func load(
    _ container: LoadedKernel.Container, outerFormat: PayloadFormat?
  ) throws(Failure) -> LoadedKernel {
    let decoder = unpacker.decoder
    var plan: LinearPlan?
    if decoder.needsLinearOutput { plan = try unpackInARow() }
    while stream.step != .finished { try doStep() }
    var notes = try parseNotes()
    if notes.count == 0 { notes = try searchNotes() }
    if let plan {
      try copy(plan)
    } else if decoder.hasEnd {
      do throws(PayloadError<Source.Failure>) {
        try unpacker.finish(scratch.bytes)
      } catch { throw Failure(error) }
    }
    guard let header = stream.elfHeader, let layout = stream.layout else {
      preconditionFailure("a finished stream has headers")
    }
    return LoadedKernel(
      container: container, outerFormat: outerFormat, format: decoder.format,
      unpackedByteCount: decoder.producedByteCount,
      copiedByteCount: decoder.copiedByteCount + (plan?.copiedByteCount ?? 0), header: header,
      layout: layout, notes: notes)
  }

  /// Does what the stream asks for next.
  mutating func doStep() throws(Failure) {
    if let window { return try show(window) }
    switch stream.step {
    case .header(let byteCount):
      try fill(UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<byteCount]))
      if let layout = stream.layout { try prepareMemory(layout) }
    case .skip(let byteCount):
      let count = min(scratch.bytes.count, Int(clamping: byteCount))
      try fill(UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<count]))
    case .store(let address, let byteCount):
      let count = Int(min(byteCount, Self.regionByteCountMax))
      try fill(try region(address, count))
    case .copyHeader(let offset, let byteCount, let address):
      let region = try region(address, byteCount)
      stream.header.withUnsafeBytes { header in
        // SAFETY: the step is inside the header, and the region no larger than the step.
        region.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: header[offset..<offset + region.count]))
      }
      stream.advanceHeaderCopy(byteCount: region.count)
    case .finished: break
    }
  }

  /// Tells the memory once where everything goes.
  mutating func prepareMemory(_ layout: LoadLayout) throws(Failure) {
    guard !isPrepared else { return }
    isPrepared = true
    do throws(Memory.Failure) {
      try memory.prepare(physicalAddresses: layout.memory)
    } catch { throw .memory(error) }
  }

  /// A window on at most `byteCount` bytes of memory.
  mutating func region(
    _ address: UInt64, _ byteCount: Int
  ) throws(Failure) -> UnsafeMutableRawBufferPointer {
    do throws(Memory.Failure) {
      let region = try memory.region(physicalAddress: address, byteCount: byteCount)
      precondition(!region.isEmpty && region.count <= byteCount, "a region of the wrong size")
      return region
    } catch { throw .memory(error) }
  }

  /// Unpacks until `output` is full, and shows each piece to the stream.
  private mutating func fill(_ output: UnsafeMutableRawBufferPointer) throws(Failure) {
    var filled = 0
    while filled < output.count {
      let part = UnsafeMutableRawBufferPointer(rebasing: output[filled...])
      let count: Int
      do throws(PayloadError<Source.Failure>) {
        count = try unpacker.unpack(to: part)
      } catch { throw Failure(error) }
      guard count > 0 else { throw endsEarly(at: unpacker.decoder.producedByteCount) }
      do throws(KernelImageError) {
        try stream.advance(UnsafeRawBufferPointer(rebasing: part[..<count]))
      } catch { throw .image(error) }
      filled += count
    }
  }

  /// The error for an end before the kernel is whole.
  func endsEarly(at position: UInt64) -> Failure {
    .image(.payloadEndsEarly(position: position, neededByteCount: stream.neededByteCount))
  }
}
