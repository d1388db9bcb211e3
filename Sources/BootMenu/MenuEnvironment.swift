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

/// What a file is that a boot manager could start.
public enum MenuProgram: Equatable, Sendable {
  /// A unified kernel image.
  case unifiedKernel
  /// A Linux kernel, which UEFI could start by itself.
  case kernel
  /// Another program for UEFI.
  case other
}

/// A partition with one of several systems, chosen by its priority.
public struct BootSlot: Equatable, Sendable {
  /// The partition's number.
  public var number: Int
  /// Its identifier.
  public var identifier: ByteString
  /// Whether starting it takes one of its tries.
  public var takesTry: Bool

  /// A partition that was chosen.
  public init(number: Int, identifier: ByteString, takesTry: Bool) {
    self.number = number
    self.identifier = identifier
    self.takesTry = takesTry
  }
}

/// What menus and scripts ask of the world. Everything else in the module is values.
///
/// Device names are as menus write them, without brackets; `DeviceName` takes them apart. The
/// empty name is the root that the environment starts with. A person's command line asks for more:
/// `RescueEnvironment`.
public protocol MenuEnvironment: AnyObject {
  /// What pays for the work that menus make.
  var work: WorkAccount { get }

  /// The contents of a file; nil if there is none, if it can't be read, or if it has more than
  /// `byteCountMax` bytes.
  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString?

  /// What a path stands for; nil if there is nothing.
  func kind(of file: MenuFile) -> MenuFileKind?

  /// The name of the first device that has what is looked for.
  func device(having key: SearchKey) -> ByteString?

  /// Goes through the names in a directory, in any order, until `visit` gives false. False if there
  /// is no such directory, or if it can't be read to its end.
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool

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

  /// What a program for UEFI is; nil if the file is none, or nobody can tell.
  func program(in file: MenuFile) -> MenuProgram?

  /// What is to be saved in a file and is not yet written, in order: `load_env` sees it.
  func pendingVariables(of file: MenuFile) -> [BootTarget.SavedVariable]

  /// The system that a disk would start next, of several in partitions of a GPT, where those of
  /// `taken` have had one try more each; nil if there is none.
  func nextSlot(ofDisk disk: ByteString, taken: [ByteString]) -> BootSlot?

  /// Makes a directory of a btrfs lead to a subvolume, named by its path from the top-level one,
  /// for all menus from now on. Gives the reason if that is not possible.
  func mountSubvolume(_ subvolume: ByteString, on directory: MenuFile) -> ByteString?

  /// Tells that variables are going to be saved.
  func expectSave(of variables: [BootTarget.SavedVariable])

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
  /// Only what says something about itself is known.
  public func program(in file: MenuFile) -> MenuProgram? {
    unifiedKernelTexts(of: file).isEmpty ? nil : .unifiedKernel
  }
  /// Nothing waits.
  public func pendingVariables(of file: MenuFile) -> [BootTarget.SavedVariable] { [] }
  /// There is none.
  public func nextSlot(ofDisk disk: ByteString, taken: [ByteString]) -> BootSlot? { nil }
  /// It can't be.
  public func mountSubvolume(_ subvolume: ByteString, on directory: MenuFile) -> ByteString? {
    "(\(directory.device)) is no btrfs"
  }
  /// Nobody asks for it later.
  public func expectSave(of variables: [BootTarget.SavedVariable]) {}
  /// Whatever device comes first.
  public func device(having key: SearchKey, preferring hints: [ByteString]) -> ByteString? {
    device(having: key)
  }
  /// One file after the other, each by its path.
  public func visitFiles(
    inDirectory directory: MenuFile, byteCountMax: Int, wants: (ByteString) -> Bool,
    visit: (ByteString, ByteString?) -> Bool
  ) -> Bool {
    visitNames(inDirectory: directory) { name in
      if !wants(name) { return true }
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
      return visit(name, contents(of: file, byteCountMax: byteCountMax))
    }
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

/// An environment in which nobody counts work.
extension MenuEnvironment {
  /// A new one without a limit.
  public var work: WorkAccount { WorkAccount() }
}
