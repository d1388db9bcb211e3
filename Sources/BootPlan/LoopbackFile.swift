// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Files that stand for disks, as GRUB's `loopback` makes one of an image.
enum LoopbackFile {
  /// The bytes of `file` as a volume by the name of `name`. Throws if some of them are packed, or
  /// lie in too many pieces.
  static func volume<Device: BlockDevice>(
    _ name: ByteString, _ file: LocatedFile<Device>
  ) throws(BootError) -> Volume<Device> {
    guard case .extents(let extents, let volume) = file.source else {
      throw BootError(.unsupported, "\(file.name): only a file on a disk can be a disk")
    }
    var segments: [VolumeSegment<Device>] = []
    for extent in extents {
      switch extent {
      case .run(let byteOffset, let byteCount):
        guard let part = volume.segments(at: byteOffset, count: byteCount) else {
          throw BootError(.corrupt, "\(file.name): a piece of it is outside its file system")
        }
        segments += part
      case .zeros(let byteCount):
        segments.append(VolumeSegment(.zeros, at: 0, byteCount: byteCount))
      case .inline(let bytes):
        segments.append(VolumeSegment(.inline(bytes), at: 0, byteCount: UInt64(bytes.count)))
      case .encoded:
        throw BootError(.unsupported, "\(file.name): a packed file can't be a disk")
      }
    }
    // Images have no sectors of their own.
    guard let result = Volume(name: name, segments: segments, sectorByteCount: 512) else {
      throw BootError(.unsupported, "\(file.name): it lies in too many pieces to be a disk")
    }
    return result
  }
}
