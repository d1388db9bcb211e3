// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import BootMenu
public import Bytes

/// A directory of a btrfs that leads to a subvolume, by `btrfs-mount-subvol`.
final class SubvolumeMount {
  /// The volume's name.
  let volume: ByteString
  /// The directory, with one slash in front and none at the end.
  let directory: ByteString
  /// The subvolume's path in the same form.
  let subvolume: ByteString

  init(volume: ByteString, directory: ByteString, subvolume: ByteString) {
    self.volume = volume
    self.directory = directory
    self.subvolume = subvolume
  }

  /// What a path under the directory leads to; nil for any other path.
  func path(behind path: ByteString) -> ByteString? {
    guard path.hasPrefix(directory) else { return nil }
    let rest = path.dropFirst(directory.count)
    guard rest.isEmpty || rest.bytes.first == ASCII.slash || directory.isEmpty else { return nil }
    return subvolume + rest
  }
}

extension GuestEnvironment {
  /// The most directories that lead to subvolumes.
  private static var subvolumeMountCountMax: Int { 16 }

  /// Makes a directory of a btrfs lead to a subvolume. The reason, if that is not possible.
  public func mountSubvolume(_ subvolume: ByteString, on directory: MenuFile) -> ByteString? {
    do throws(BootError) {
      let system = try fileSystem(directory.device)
      guard system.formatName == "btrfs" else { return "\(system.place): no btrfs" }
      let mount = SubvolumeMount(
        volume: system.volume.name, directory: Self.trimmed(directory.path),
        subvolume: Self.trimmed(subvolume))
      for path in [mount.directory, mount.subvolume] {
        guard case .directory = try system.kind(path.isEmpty ? "/" : path) else {
          return "\(system.place): \(path): not a directory"
        }
      }
      subvolumeMounts.removeAll {
        $0.volume == mount.volume && $0.directory == mount.directory
      }
      guard subvolumeMounts.count < Self.subvolumeMountCountMax else {
        return "more than \(Self.subvolumeMountCountMax) subvolumes"
      }
      lastFiles = []
      subvolumeMounts.append(mount)
      return nil
    } catch { return error.message }
  }

  /// The path of a file from the top of its file system, with the innermost of the directories
  /// that lead to subvolumes replaced.
  func path(of file: MenuFile, in system: MountedFileSystem<Device>) -> ByteString {
    let path = Self.absolute(file.path)
    var found: (mount: SubvolumeMount, path: ByteString)?
    for mount in subvolumeMounts where mount.volume == system.volume.name {
      guard mount.directory.count >= found?.mount.directory.count ?? 0,
        let behind = mount.path(behind: path)
      else { continue }
      found = (mount, behind)
    }
    return found.map { $0.path.isEmpty ? "/" : $0.path } ?? path
  }

  private static func trimmed(_ path: ByteString) -> ByteString {
    var result = absolute(path)
    while result.bytes.last == ASCII.slash { result = ByteString(result.bytes.dropLast()) }
    return result
  }
}
