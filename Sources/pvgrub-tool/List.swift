// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation

/// A disk image, or a partition of one.
struct ImageVolume: ParsableArguments {
  @Argument(
    help: """
      A raw disk image or a block device; FILE:N for its partition N, FILE:lvm/VG-LV \
      or FILE:md/NAME for what stands on it.
      """)
  var disk: String

  /// What `body` gives of the file system; errors end the program with the status of their family.
  func read<Value>(
    _ body: (MountedFileSystem<CachedDevice<ImageFile>>) throws(BootError) -> Value
  ) throws -> Value {
    var file = disk
    var device: ByteString = "hd0"
    if !FileManager.default.fileExists(atPath: disk), let colon = disk.lastIndex(of: ":") {
      file = String(disk[..<colon])
      let volume = ByteString(String(disk[disk.index(after: colon)...]))
      device = DeviceName("hd0,\(volume)") == nil ? volume : "hd0,\(volume)"
    }
    let image = CachedDevice(try DiskArgument(file, index: 0).open())
    let disks = GuestDisks([GuestDisk(image, isOptical: false)])
    do throws(BootError) {
      return try body(try GuestEnvironment(disks).fileSystem(device))
    } catch {
      complain(error.message.text)
      throw ExitCode(error.family.exitStatus)
    }
  }
}

/// A path on a disk image, as `ls` and `cat` take it.
struct ImagePath: ParsableArguments {
  @OptionGroup var volume: ImageVolume

  @Argument(help: "A path on it.")
  var path: String

  /// The path with a slash in front.
  var absolute: ByteString { ByteString(path.hasPrefix("/") ? path : "/" + path) }

  /// What `body` gives of the file system; errors end the program with the status of their family.
  func read<Value>(
    _ body: (MountedFileSystem<CachedDevice<ImageFile>>) throws(BootError) -> Value
  ) throws -> Value {
    try volume.read(body)
  }
}

/// `ls`: the names in a directory.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "Lists a directory of a guest's disk.")

  @OptionGroup var target: ImagePath

  func run() throws {
    let names = try target.read { system throws(BootError) in
      if case .file = try system.kind(target.absolute) { return [target.absolute] }
      var names: [ByteString] = []
      try system.visitNames(target.absolute) { name in
        names.append(name)
        return true
      }
      return names
    }
    for name in names.sorted() { print(name.text) }
  }
}

/// `cat`: the contents of a file.
struct Cat: ParsableCommand {
  /// The largest file that is read into memory, in bytes.
  private static let byteCountMax = 1 << 30

  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Writes a file of a guest's disk to standard output.")

  @OptionGroup var target: ImagePath

  func run() throws {
    let bytes = try target.read { system throws(BootError) in
      try system.contents(target.absolute, limit: Self.byteCountMax)
    }
    FileHandle.standardOutput.write(Data(bytes))
  }
}
