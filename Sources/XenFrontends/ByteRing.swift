// SPDX-License-Identifier: GPL-2.0-or-later

/// One direction of a byte stream in a shared page, as xenstore and the console use it: a buffer of
/// a power of two and two free-running indexes, which may start anywhere.
public struct ByteRing {
  private let memory: SharedMemory
  private let dataOffset: Int
  private let size: UInt32
  private let consumerOffset: Int
  private let producerOffset: Int

  /// The ring of `size` bytes at `dataOffset` of `memory`.
  public init(
    _ memory: SharedMemory, dataOffset: Int, size: Int, consumerOffset: Int, producerOffset: Int
  ) {
    precondition(size > 0 && size & (size - 1) == 0, "ring size is not a power of two")
    self.memory = memory
    self.dataOffset = dataOffset
    self.size = UInt32(size)
    self.consumerOffset = consumerOffset
    self.producerOffset = producerOffset
  }

  /// Both indexes and the bytes between them, read once; nil if they are impossible.
  private var state: (consumer: UInt32, producer: UInt32, used: Int)? {
    let consumer = memory.u32(at: consumerOffset)
    let producer = memory.u32(at: producerOffset)
    // Wrapping: the indexes run freely modulo 2^32.
    let used = producer &- consumer
    return used <= size ? (consumer, producer, Int(used)) : nil
  }

  /// The bytes between consumer and producer, or nil if the indexes are impossible.
  public var usedByteCount: Int? { state?.used }

  /// Puts as many of `bytes` into the ring as fit, and says how many; nil if the indexes are
  /// impossible.
  public func write(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let (_, producer, used) = state else { return nil }
    let count = min(bytes.count, Int(size) - used)
    guard count > 0 else { return 0 }
    let start = Int(producer & (size - 1))
    let first = min(count, Int(size) - start)
    let middle = bytes.startIndex + first
    memory.copy(bytes[bytes.startIndex..<middle], to: dataOffset + start)
    memory.copy(bytes[middle..<bytes.startIndex + count], to: dataOffset)
    memory.store(u32: producer &+ UInt32(count), at: producerOffset)
    return count
  }

  /// Takes at most `countMax` bytes out of the ring and appends them to `bytes`; gives their
  /// number, nil if the indexes are impossible.
  public func read(_ countMax: Int, to bytes: inout [UInt8]) -> Int? {
    guard let (consumer, _, used) = state else { return nil }
    let count = min(countMax, used)
    guard count > 0 else { return 0 }
    let start = Int(consumer & (size - 1))
    let first = min(count, Int(size) - start)
    memory.append(at: dataOffset + start, count: first, to: &bytes)
    memory.append(at: dataOffset, count: count - first, to: &bytes)
    Barrier.full()
    memory.store(u32: consumer &+ UInt32(count), at: consumerOffset)
    return count
  }

  /// Discards what is in the ring: for a reader whose peer's indexes are impossible.
  public func resetConsumer() {
    memory.store(u32: memory.u32(at: producerOffset), at: consumerOffset)
  }
}
