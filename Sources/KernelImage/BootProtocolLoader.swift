// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Loads a bzImage as it is, for a kernel that unpacks itself: its code goes to the address that it
/// prefers, and has the memory after for itself.
public struct BootProtocolLoader<Source: KernelSource, Memory: KernelMemory> {
  /// The loader's errors.
  public typealias Failure = KernelLoadError<Source.Failure, Memory.Failure>

  private var memory: Memory
  private var reader: ChunkReader<Source>

  /// A loader from `source` to `memory`.
  public init(source: Source, memory: Memory) {
    reader = ChunkReader(source)
    self.memory = memory
  }

  /// Loads the kernel. To be called once.
  public mutating func load() throws(Failure) -> LinuxBootHeader {
    let head = ByteView(Array(try peek(LinuxBootHeader.headByteCount)))
    let header: LinuxBootHeader
    do throws(KernelImageError) {
      header = try LinuxBootHeader(head, fileByteCount: reader.source.byteCount)
    } catch { throw .image(error) }
    do throws(Memory.Failure) {
      try memory.prepare(physicalAddresses: header.memory)
    } catch { throw .memory(error) }
    while reader.position < header.codeByteOffset {
      let count = try available().count
      reader.advance(min(count, Int(clamping: header.codeByteOffset - reader.position)))
    }
    var done: UInt64 = 0
    while done < header.codeByteCount {
      let bytes = try available()
      let count = min(bytes.count, Int(clamping: header.codeByteCount - done))
      done += UInt64(
        try store(
          UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: header.memory.lowerBound + done))
    }
    return header
  }

  /// Copies as many of `bytes` as one region takes, and returns how many.
  private mutating func store(
    _ bytes: UnsafeRawBufferPointer, at address: UInt64
  ) throws(Failure) -> Int {
    do throws(Memory.Failure) {
      let region = try memory.region(physicalAddress: address, byteCount: bytes.count)
      precondition(!region.isEmpty && region.count <= bytes.count, "a region of the wrong size")
      // SAFETY: the region is no larger than the bytes.
      region.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<region.count]))
      reader.advance(region.count)
      return region.count
    } catch { throw .memory(error) }
  }

  /// The next bytes, at least one.
  private mutating func available() throws(Failure) -> UnsafeRawBufferPointer {
    let bytes: UnsafeRawBufferPointer
    do throws(Source.Failure) { bytes = try reader.available() } catch { throw .source(error) }
    guard !bytes.isEmpty else { throw .image(.fileTruncated(position: reader.position)) }
    return bytes
  }

  private mutating func peek(_ byteCount: Int) throws(Failure) -> UnsafeRawBufferPointer {
    do throws(Source.Failure) {
      return try reader.peek(byteCount: byteCount)
    } catch { throw .source(error) }
  }
}
