// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage

extension LocatedFile {
  /// Where Container Linux and Flatcar write the hash of their `/usr` into the kernel's file, as 64
  /// hexadecimal digits (coreos/grub, include/grub/verity-hash.h).
  private static var verityHashOffset: Int { 0x40 }

  /// The argument that their GRUB puts behind every command line of such a kernel; nil for any
  /// other file.
  func verityArgument() throws(BootError) -> ByteString? {
    let head = ByteView(try bytes(at: 0, countMax: BzImage.headByteCount))
    guard BzImage.isPresent(in: head),
      let hash = head.slice(at: Self.verityHashOffset, count: 64)?.bytes,
      hash.allSatisfy({ ASCII.isDigit($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return "verity.usrhash=\(ByteString(hash))"
  }
}
