// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// By what a menu looks for a device.
public enum SearchKey: Equatable, Sendable {
  /// The identifier of a file system, compared without regard to case.
  case fileSystemUUID(ByteString)
  /// The label of a file system.
  case label(ByteString)
  /// The path of a file that the file system has.
  case file(ByteString)
  /// The identifier of a partition, compared without regard to case.
  case partitionUUID(ByteString)
}

/// What a path stands for, after symbolic links.
public enum MenuFileKind: Equatable, Sendable {
  /// A file with contents.
  case file(byteCount: UInt64)
  /// A directory.
  case directory
}

/// What BootMenu asks of the world. Everything else in the module is values.
///
/// Device names are as menus write them, without brackets; `DeviceName` takes them apart. The
/// empty name is the root that the environment starts with.
public protocol MenuEnvironment: AnyObject {
  /// The contents of a file; nil if there is none, if it can't be read, or if it has more than
  /// `byteCountMax` bytes.
  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString?

  /// What a path stands for; nil if there is nothing.
  func kind(of file: MenuFile) -> MenuFileKind?

  /// The name of the first device that has what is looked for.
  func device(having key: SearchKey) -> ByteString?

  /// The names in a directory; nil if it is none.
  func names(inDirectory directory: MenuFile) -> [ByteString]?

  /// The names of all devices.
  func deviceNames() -> [ByteString]

  /// What a unified kernel image says about itself, for each of its profiles; empty if the file is
  /// none.
  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText]
}
