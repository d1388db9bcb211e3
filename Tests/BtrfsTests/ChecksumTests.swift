// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import Btrfs

/// Hashes against Python's, and xxHash against values of its own specification's test program;
/// mkfs.btrfs judges all four in OracleTests.
struct ChecksumTests {
  static let lengths = [0, 1, 3, 4, 7, 8, 31, 32, 33, 55, 56, 63, 64, 65, 127, 128, 129, 256, 4064]

  func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

  @Test func agreesWithPython() throws {
    let program = """
      import hashlib
      for n in \(Self.lengths):
          b = bytes(i * 31 & 255 for i in range(n))
          print(hashlib.sha256(b).hexdigest(), hashlib.blake2b(b, digest_size=32).hexdigest())
      """
    let lines = String(decoding: try HostTool.output(["python3", "-c", program]), as: UTF8.self)
      .split(separator: "\n")
    for (length, line) in zip(Self.lengths, lines) {
      let view = ByteView(bytes(length))
      let ours = [ChecksumType.sha256, .blake2b].map { type in
        ByteString(
          type.compute(view).reduce(into: [UInt8]()) {
            Numbers.appendHexadecimal(UInt64($1), digitCountMin: 2, to: &$0)
          }
        ).text
      }
      #expect(ours.joined(separator: " ") == line, "\(length) bytes")
    }
    #expect(lines.count == Self.lengths.count)
  }

  @Test(arguments: [
    ("", 0xef46_db37_51d8_e999 as UInt64), ("a", 0xd24e_c4f1_a98c_6e5b),
    ("abc", 0x44bc_2cf5_ad77_0999),
    ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
  ])
  func agreesWithKnownValuesOfXXHash(text: String, hash: UInt64) {
    #expect(ChecksumType.xxHash64.compute(ByteView(Array(text.utf8))) == little(hash))
  }

  @Test func crc32cIsInverted() {
    // RFC 3720, appendix B.4: 32 zeros.
    let zeros = ByteView([UInt8](repeating: 0, count: 32))
    #expect(ChecksumType.crc32c.compute(zeros) == [0xaa, 0x36, 0x91, 0x8a])
  }
}
