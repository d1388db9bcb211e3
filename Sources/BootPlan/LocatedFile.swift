// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Where the bytes of a file come from.
public enum FileSource<Device: BlockDevice> {
  /// From places on a volume, whose devices can put them straight into guest memory.
  case extents([Extent], on: Volume<Device>)
  /// From something that gives bytes when it is asked for them.
  case stream(any FileContentsStream)
}

/// A file that is on none of the guest's disks: in a folder that dom0 shares, or on a server.
/// Whoever knows it gives its size beforehand.
public protocol FileContentsStream: AnyObject {
  /// Fills `buffer` with the bytes from `byteOffset` on, all of which are inside the file. May
  /// sleep, but not for ever: every wait has a time limit.
  func read(
    at byteOffset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(BlockError)
}

/// A file that was found: where its bytes come from, and how many there are.
public final class LocatedFile<Device: BlockDevice> {
  /// The path for people, with volume and file system in front: `xvda1: ext4: /boot/vmlinuz`.
  public let name: ByteString
  /// Where the contents come from.
  public let source: FileSource<Device>
  /// The size in bytes.
  public let byteCount: UInt64

  /// A file with contents from anywhere.
  public init(name: ByteString, source: FileSource<Device>, byteCount: UInt64) {
    self.name = name
    self.source = source
    self.byteCount = byteCount
  }

  /// A file at places on a volume.
  convenience init(
    name: ByteString, volume: Volume<Device>, extents: [Extent], byteCount: UInt64
  ) {
    self.init(name: name, source: .extents(extents, on: volume), byteCount: byteCount)
  }

  /// Where the contents are on a volume; none for a stream.
  public var extents: [Extent] {
    if case .extents(let extents, _) = source { extents } else { [] }
  }

  /// The volume that the contents are on; nil for a stream.
  public var volume: Volume<Device>? {
    if case .extents(_, let volume) = source { volume } else { nil }
  }
}
