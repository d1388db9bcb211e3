// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What a menu can look for a device by.
public enum SearchKey: Equatable, Sendable {
  /// The identifier of a file system, compared without regard to case.
  case fileSystemUUID(ByteString)
  /// The label of a file system.
  case label(ByteString)
  /// The path of a file that the file system has.
  case file(ByteString)
  /// The identifier of a partition, compared without regard to case.
  case partitionUUID(ByteString)
  /// The name of a partition in a GPT.
  case partitionLabel(ByteString)
}

/// What a menu may ask about a device (`probe`).
public enum DeviceProperty: Equatable, Sendable {
  /// The kind of its disk's driver.
  case driver
  /// The kind of its disk's partition table: `msdos`, `gpt` or `none`.
  case partitionMap
  /// GRUB's name of its file system: `ext2` for ext3 and ext4, too.
  case fileSystem
  /// The identifier of its file system.
  case fileSystemUUID
  /// The label of its file system.
  case label
  /// The identifier of the partition.
  case partitionUUID
}

/// What a path stands for, after symbolic links.
public enum MenuFileKind: Equatable, Sendable {
  /// A file with contents.
  case file(byteCount: UInt64)
  /// A directory.
  case directory
}

/// What menus and scripts ask of the world. Everything else in the module is values.
///
/// Device names are as menus write them, without brackets; `DeviceName` takes them apart. The
/// empty name is the root that the environment starts with. A person's command line asks for more:
/// `RescueEnvironment`.
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

  /// Goes through the files of a directory whose names are wanted, in any order, until `visit` says
  /// that it has enough. The contents of a file that can't be read, or that has more than
  /// `byteCountMax` bytes, are nil. False if there is no such directory.
  func visitFiles(
    inDirectory directory: MenuFile, byteCountMax: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) -> Bool

  /// The names of all devices.
  func deviceNames() -> [ByteString]

  /// What a unified kernel image says about itself, for each of its profiles; empty if the file is
  /// none.
  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText]

  /// The name of the first device that has what is looked for, the named ones first.
  func device(having key: SearchKey, preferring hints: [ByteString]) -> ByteString?

  /// A property of a device; nil if there is no such device, or if it has none.
  func property(_ property: DeviceProperty, of device: ByteString) -> ByteString?

  /// Seconds since 1970 of the last change of a file; nil if there is none.
  func modificationTime(of file: MenuFile) -> Int64?

  /// Makes a device of this name out of a file, in place of an older one of that name. False if
  /// that fails.
  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool

  /// Removes a device that was made out of a file. False if there is none.
  func removeLoopDevice(name: ByteString) -> Bool
}

/// The default answers.
extension MenuEnvironment {
  /// Whatever device comes first.
  public func device(having key: SearchKey, preferring hints: [ByteString]) -> ByteString? {
    device(having: key)
  }
  /// One file after the other, each by its path.
  public func visitFiles(
    inDirectory directory: MenuFile, byteCountMax: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) -> Bool {
    guard let names = names(inDirectory: directory) else { return false }
    for name in names where wants(name) {
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
      if !visit(name, contents(of: file, byteCountMax: byteCountMax)) { break }
    }
    return true
  }
  /// Nothing.
  public func property(_ property: DeviceProperty, of device: ByteString) -> ByteString? { nil }
  /// Unknown.
  public func modificationTime(of file: MenuFile) -> Int64? { nil }
  /// It can't be.
  public func addLoopDevice(name: ByteString, file: MenuFile) -> Bool { false }
  /// There is none.
  public func removeLoopDevice(name: ByteString) -> Bool { false }
}
