// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes

/// Looks for the guest's menu: every disk, every partition, the paths of `ConfigSearch`.
public struct MenuSearch<Device: BlockDevice> {
  /// What was found.
  public struct Result {
    /// The first menu that can be used.
    public let menu: Menu?
    /// Lines for the log: menus that were there but could not be used, and those that lost.
    public let remarks: [ByteString]
  }

  private let environment: GuestEnvironment<Device>

  /// A search in `environment`.
  public init(_ environment: GuestEnvironment<Device>) { self.environment = environment }

  /// The menu that `file` is, as the host asked for by `extra="(hd0,0)/boot/grub/menu.lst"`.
  public func load(_ file: MenuFile) throws(BootError) -> Menu {
    do throws(MenuError) {
      return try MenuInterpreter(environment: environment).load(file)
    } catch {
      // The reason why a file can't be read is the file system's to tell.
      if case .unreadable = error { _ = try environment.locate(file) }
      throw BootError(error)
    }
  }

  /// The first usable menu on any disk.
  public func find() -> Result {
    var found: Menu?
    var remarks: [ByteString] = []
    let disks = environment.disks
    for position in disks.mounted {
      guard let system = disks[position].fileSystem else { continue }
      let device = disks.name(of: position)
      for path in ConfigSearch.paths {
        let file = MenuFile(device: device, path: path)
        guard case .file? = environment.kind(of: file) else { continue }
        if let found {
          if found.file.device == device {
            remarks.append("\(system.place): \(path) is there too; \(found.file.path) wins")
          }
          continue
        }
        do throws(BootError) {
          found = try load(file)
        } catch { remarks.append(error.at(system.place).message) }
      }
      if found != nil { break }
    }
    return Result(menu: found, remarks: remarks)
  }

  /// Lines that say what is on the disks, for a guest without a menu.
  public func inventory() -> [ByteString] {
    var lines: [ByteString] = []
    for disk in environment.disks.disks {
      let size = disk.device.byteCount >> 20
      lines.append("\(disk.device.name): \(size) MiB" + (disk.isOptical ? ", optical" : ""))
      if let failure = disk.failure { lines.append("  \(failure.message)") }
      for volume in disk.volumes {
        if let system = volume.fileSystem {
          let label: ByteString = system.label.isEmpty ? "" : " '\(system.label)'"
          lines.append("  \(system.place)\(label) \(system.uuid)")
        } else if let failure = volume.failure {
          lines.append("  \(failure.message)")
        } else if volume.partitionNumber != nil || !disk.isPartitioned {
          lines.append("  \(volume.volume.name): no file system that is known here")
        }
      }
    }
    return lines
  }
}
