// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a person's command got nothing: one line with the place in it.
public struct RescueFailure: Error, Equatable, Sendable {
  /// The line.
  public var reason: ByteString

  /// A reason.
  public init(_ reason: ByteString) { self.reason = reason }

  /// The person pressed Ctrl-C: the whole line ends.
  public static let interrupted = RescueFailure("interrupted")
}

/// A part of a file, and where its bytes are.
public struct StoredPart: Equatable, Sendable {
  /// How the bytes are kept.
  public enum Form: Equatable, Sendable {
    /// As they are, from this byte of the volume on.
    case plain(byteOffset: UInt64)
    /// Nowhere: they are zeros.
    case zeros
    /// Among the file system's own data.
    case inline
    /// Compressed.
    case packed
  }

  /// How the bytes are kept.
  public var form: Form
  /// How many there are.
  public var byteCount: UInt64

  /// A part of a file.
  public init(_ form: Form, byteCount: UInt64) {
    self.form = form
    self.byteCount = byteCount
  }
}

/// A range of the guest's memory.
public struct MemoryRange: Equatable, Sendable {
  /// The physical address of its first byte.
  public var address: UInt64
  /// Its size in bytes.
  public var byteCount: UInt64
  /// 1 for RAM, 2 for reserved, 3 for tables of ACPI, as in an E820 map.
  public var type: UInt32

  /// A range.
  public init(address: UInt64, byteCount: UInt64, type: UInt32) {
    self.address = address
    self.byteCount = byteCount
    self.type = type
  }
}

/// What a person's command line asks of the world beyond what menus ask. Everything has a default
/// answer.
public protocol RescueEnvironment: MenuEnvironment {
  /// The bytes of a file from `byteOffset` on, at most `countMax`; fewer only where it ends.
  func bytes(
    of file: MenuFile, at byteOffset: UInt64, countMax: Int
  ) throws(RescueFailure) -> ByteString

  /// The SHA-256 of a file's contents (FIPS 180-4), 32 bytes.
  func sha256(of file: MenuFile) throws(RescueFailure) -> ByteString

  /// Where a file's bytes are, in order.
  func storedParts(of file: MenuFile) throws(RescueFailure) -> [StoredPart]

  /// Why a path can't be read; nil if it can, or if nobody knows why not.
  func failure(of file: MenuFile) -> ByteString?

  /// The size in bytes of a device.
  func byteCount(ofDevice device: ByteString) -> UInt64?

  /// The name of a device's file system itself, where `DeviceProperty.fileSystem` is GRUB's.
  func fileSystemName(ofDevice device: ByteString) -> ByteString?

  /// The guest's memory, in any order; empty if unknown.
  func memoryMap() -> [MemoryRange]

  /// The names of the nodes below a path of xenstore; a path without a slash in front is the
  /// domain's own, and so is the empty one.
  func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString]

  /// The value of a node of xenstore.
  func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString

  /// A clock; nil if there is none.
  func nanoseconds() -> UInt64?

  /// Whether the person has pressed Ctrl-C.
  func isInterrupted() -> Bool
}

/// The default answers.
extension RescueEnvironment {
  /// Nothing can be read.
  public func bytes(
    of file: MenuFile, at byteOffset: UInt64, countMax: Int
  ) throws(RescueFailure) -> ByteString { throw RescueFailure("\(file.name) can't be read") }
  /// Nothing can be read.
  public func sha256(of file: MenuFile) throws(RescueFailure) -> ByteString {
    throw RescueFailure("\(file.name) can't be read")
  }
  /// Unknown.
  public func storedParts(of file: MenuFile) throws(RescueFailure) -> [StoredPart] {
    throw RescueFailure("\(file.name) can't be read")
  }
  /// Unknown.
  public func failure(of file: MenuFile) -> ByteString? { nil }
  /// Unknown.
  public func byteCount(ofDevice device: ByteString) -> UInt64? { nil }
  /// Unknown.
  public func fileSystemName(ofDevice device: ByteString) -> ByteString? { nil }
  /// Unknown.
  public func memoryMap() -> [MemoryRange] { [] }
  /// There is no xenstore.
  public func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    throw RescueFailure("no xenstore here")
  }
  /// There is no xenstore.
  public func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
    throw RescueFailure("no xenstore here")
  }
  /// There is none.
  public func nanoseconds() -> UInt64? { nil }
  /// Nobody interrupts.
  public func isInterrupted() -> Bool { false }
}
