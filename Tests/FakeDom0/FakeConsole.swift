// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

import XenFrontends

/// Xenconsoled on the other side of the console page.
package final class FakeConsole: FakePeer {
  package let xen: FakeXen
  package let port: UInt32 = 2
  package let page: UnsafeMutableRawPointer
  package let memory: SharedMemory

  /// Whether anybody reads what the guest writes.
  package var reads = true
  /// Told all that the guest has written, whenever it wrote something.
  package var onText: ((String) -> Void)?
  /// What the guest has written.
  package private(set) var text: [UInt8] = []
  private let input: ByteRing
  private let output: ByteRing

  package init(_ xen: FakeXen, startIndex: UInt32 = 0) {
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

  package func work() {
    guard reads, let count = output.read(4096, to: &text), count > 0 else { return }
    xen.raise(port)
    onText?(String(decoding: text.suffix(4096), as: UTF8.self))
  }

  /// Types bytes; those that don't fit are lost.
  package func type(_ bytes: [UInt8]) {
    _ = input.write(bytes[...])
    xen.raise(port)
  }
}
