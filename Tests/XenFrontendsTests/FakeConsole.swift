// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

@testable import XenFrontends

/// Xenconsoled on the other side of the console page.
final class FakeConsole: FakePeer {
  let xen: FakeXen
  let port: UInt32 = 2
  let page: UnsafeMutableRawPointer
  let memory: SharedMemory

  /// Whether anybody reads what the guest writes.
  var reads = true
  /// What the guest has written.
  private(set) var text: [UInt8] = []
  private let input: ByteRing
  private let output: ByteRing

  init(_ xen: FakeXen, startIndex: UInt32 = 0) {
    self.xen = xen
    page = xen.makePages(count: 1).address
    memory = SharedMemory(page, byteCount: 4096)
    for offset in [3072, 3076, 3080, 3084] { memory.store(u32: startIndex, at: offset) }
    input = ByteRing(
      memory, dataOffset: 0, size: 1024, consumerOffset: 3072, producerOffset: 3076)
    output = ByteRing(
      memory, dataOffset: 1024, size: 2048, consumerOffset: 3080, producerOffset: 3084)
    xen.bind(port, self)
  }

  func work() {
    guard reads, let count = output.read(4096, to: &text), count > 0 else { return }
    xen.raise(port)
  }

  /// Types bytes; those that find no room are lost.
  func type(_ bytes: [UInt8]) {
    _ = input.write(bytes[...])
    xen.raise(port)
  }
}
