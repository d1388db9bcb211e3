// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Decompression
import KernelImage

extension LocatedFile {
  /// The shortest header of anything that a kernel comes in, in bytes: gzip's (RFC 1952, 2.3).
  private static var kernelByteCountMin: UInt64 { 10 }

  /// Whether the file is too short for the header of any kernel.
  public var isTooShortForAKernel: Bool { byteCount < Self.kernelByteCountMin }

  /// Why the loader would refuse the file as a kernel at its first look; nil if it would go on.
  /// Throws if the file can't be read. For a program that plans a boot and loads nothing.
  public func kernelObstacle() throws(BootError) -> BootError? {
    if isTooShortForAKernel {
      return BootError(.corrupt, "\(name): too short for a kernel: \(byteCount) bytes")
    }
    let head = ByteView(try bytes(at: 0, countMax: BzImage.headByteCount))
    if BzImage.isPresent(in: head) { return nil }
    if head.u16(at: 0) == 0x5a4d {
      return BootError(KernelImageError.portableExecutable).at(name)
    }
    if PayloadFormat.detect(head) != nil { return nil }
    return BootError(.corrupt, "\(name): \(KernelImageError.notAKernel.message)")
  }
}
