// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Where an optical disk's image lies on the volume, which may be a hard disk too.
public struct OpticalImage: Equatable, Sendable {
  /// The size in bytes that the image says it has.
  public var byteCount: UInt64
  /// Where its descriptors begin, in bytes from the volume's start.
  public var descriptorByteOffset: UInt64

  /// An image of a size.
  public init(byteCount: UInt64, descriptorByteOffset: UInt64) {
    self.byteCount = byteCount
    self.descriptorByteOffset = descriptorByteOffset
  }
}

/// A reader that finds out by itself whether a volume has its format. What differs between readers
/// is asked for here; each question but the first two has an answer for those that have nothing to
/// say.
public protocol MountableFileSystem: FileSystem {
  /// What the volumes are on.
  associatedtype Device: BlockDevice

  /// The reader's name, for messages about a volume that it can't open.
  static var readerName: ByteString { get }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one
  /// that can't be read.
  static func probe(_ volume: Volume<Device>) throws(Failure) -> Self?

  /// Further labels by which a loader would find it.
  var otherLabels: [ByteString] { get }

  /// Further identifiers by which a loader would find it.
  var otherUUIDs: [ByteString] { get }

  /// What an administrator should know of it; nil if nothing.
  var remark: ByteString? { get }

  /// Whether it was not unmounted and has changes that are in its journal only. Nothing may be
  /// written to it in place then: the kernel's own replay would undo it, or mix both.
  var needsRecovery: Bool { get }

  /// Lines about the file system itself: sizes and features.
  var facts: [ByteString] { get }

  /// Lines about what else is on the volume that one could boot from.
  var details: [ByteString] { get }

  /// Why blocks of files may not be written in place; nil if they may: the format keeps no checksum
  /// or second copy of them.
  var writeObstacle: ByteString? { get }

  /// The image of an optical disk that this is; nil for all other formats.
  var opticalImage: OpticalImage? { get }

  /// Forgets what was kept to save reads. It is asked for where a search goes on with another
  /// volume, of which there may be thousands.
  func emptyCache()
}

/// Defaults for readers with nothing to add.
extension MountableFileSystem {
  /// None.
  public var otherLabels: [ByteString] { [] }
  /// None.
  public var otherUUIDs: [ByteString] { [] }
  /// Nothing.
  public var remark: ByteString? { nil }
  /// It has no journal.
  public var needsRecovery: Bool { false }
  /// None.
  public var facts: [ByteString] { [] }
  /// None.
  public var details: [ByteString] { [] }
  /// The format is never written.
  public var writeObstacle: ByteString? { "\(formatName) is never written" }
  /// Not an optical disk.
  public var opticalImage: OpticalImage? { nil }
  /// Nothing was kept.
  public func emptyCache() {}
}
