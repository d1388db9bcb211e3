// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A device of a file system as a range of the volume that the reader is given. A file system on
/// several devices is read from a volume in which they are one after the other.
public struct BtrfsMember: Equatable, Sendable {
  /// The device's number in the file system.
  public let deviceID: UInt64
  /// Where the device begins on the volume.
  public let byteOffset: UInt64
  /// Its size in bytes.
  public let byteCount: UInt64
}

/// What the superblock of one device tells before the others are known: which belong together.
public struct BtrfsMembership: Equatable, Sendable {
  /// The file system's UUID.
  public let uuid: ByteString
  /// The device's number.
  public let deviceID: UInt64
  /// How many devices the file system has.
  public let deviceCount: UInt64
  /// Rises with each change: a device with a lower one missed the newest.
  public let generation: UInt64

  init(_ superblock: Superblock) {
    uuid = superblock.uuid.text
    deviceID = superblock.deviceID
    deviceCount = superblock.deviceCount
    generation = superblock.generation
  }
}
