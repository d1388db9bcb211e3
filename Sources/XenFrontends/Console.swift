// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// The domain's console over its ring page (`xen/io/console.h`).
///
/// Output waits briefly for a slow reader and is then dropped, so a console that nobody reads can't
/// stop a boot. The page may have been used before: its indexes are taken as they are.
public final class Console<H: Hypervisor> {
  /// The event channel of the console, for a caller that sleeps on several ports.
  public let port: UInt32

  /// Whether a line feed goes out as carriage return and line feed.
  public var translatesLineFeeds = true

  /// How long output waits for room, in nanoseconds, before it is dropped.
  public var timeLimit: UInt64 = 200_000_000

  /// How many bytes were dropped because nobody read them.
  public private(set) var droppedByteCount = 0

  private let hypervisor: H
  private let input: ByteRing
  private let output: ByteRing
  /// Set when the reader did not keep up. Output then no longer waits, until there is room again.
  private var isStuck = false

  /// The console whose ring is the page at `page`, with `port` to notify its reader.
  public init(page: UnsafeMutableRawPointer, port: UInt32, hypervisor: H) {
    let memory = SharedMemory(page, byteCount: 4096)
    self.port = port
    self.hypervisor = hypervisor
    input = ByteRing(
      memory, dataOffset: CONSOLE_INPUT_OFFSET, size: CONSOLE_INPUT_SIZE,
      consumerOffset: CONSOLE_INPUT_CONSUMER_OFFSET, producerOffset: CONSOLE_INPUT_PRODUCER_OFFSET)
    output = ByteRing(
      memory, dataOffset: CONSOLE_OUTPUT_OFFSET, size: CONSOLE_OUTPUT_SIZE,
      consumerOffset: CONSOLE_OUTPUT_CONSUMER_OFFSET,
      producerOffset: CONSOLE_OUTPUT_PRODUCER_OFFSET)
  }

  /// Writes bytes. Waits at most `timeLimit` for room, then drops the rest.
  public func write(_ bytes: [UInt8]) {
    guard translatesLineFeeds, bytes.contains(0x0a) else { return writeRaw(bytes) }
    var translated: [UInt8] = []
    translated.reserveCapacity(bytes.count + 16)
    for byte in bytes {
      if byte == 0x0a { translated.append(0x0d) }
      translated.append(byte)
    }
    writeRaw(translated)
  }

  private func writeRaw(_ bytes: [UInt8]) {
    var rest = bytes[...]
    var deadline: UInt64?
    while !rest.isEmpty {
      guard let count = output.write(rest) else { break }
      if count > 0 {
        rest = rest.dropFirst(count)
        isStuck = false
        deadline = nil
        hypervisor.send(port: port)
        continue
      }
      if isStuck { break }
      let now = hypervisor.now
      let end = deadline ?? now + timeLimit
      deadline = end
      guard now < end else {
        isStuck = true
        break
      }
      hypervisor.clearPending(port: port)
      guard output.usedByteCount == CONSOLE_OUTPUT_SIZE else { continue }
      hypervisor.poll(ports: [port], until: end)
    }
    droppedByteCount += rest.count
  }

  /// Whether the reader has taken all output.
  public var isDrained: Bool { output.usedByteCount == 0 }

  /// Waits until the reader has taken all output, at most until `deadline` in system time.
  public func flush(until deadline: UInt64) {
    while true {
      hypervisor.clearPending(port: port)
      guard let used = output.usedByteCount, used > 0, hypervisor.now < deadline else { return }
      hypervisor.poll(ports: [port], until: deadline)
    }
  }

  /// The bytes that have been typed since the last call; never waits.
  public func read() -> [UInt8] {
    var bytes: [UInt8] = []
    guard let count = input.read(CONSOLE_INPUT_SIZE, to: &bytes) else {
      input.resetConsumer()
      return []
    }
    if count > 0 { hypervisor.send(port: port) }
    return bytes
  }

  /// For a caller that sleeps on several ports: false if something has been typed already; else
  /// `port` can be polled next, with nothing written in between.
  public func prepareToSleep() -> Bool {
    hypervisor.clearPending(port: port)
    return input.usedByteCount == 0
  }
}
