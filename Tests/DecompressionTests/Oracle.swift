// SPDX-License-Identifier: GPL-2.0-or-later

/// What the real packers of the host are fed, so that our decoders meet streams that we did not
/// make.
enum Oracle {
  /// Bytes that pack to about half: runs of random bytes and of text.
  static func sample(byteCount: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    while bytes.count < byteCount {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if state >> 63 == 0 {
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: state >> UInt64(8 * shift))) }
      } else {
        bytes.append(contentsOf: Array("a line of text, and another. ".utf8))
      }
    }
    return Array(bytes.prefix(byteCount))
  }
}
