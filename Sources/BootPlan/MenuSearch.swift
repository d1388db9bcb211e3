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

  /// Where a guest keeps a PV loader of its own (Xen, docs/misc/x86-xenpv-bootloader), best first.
  static var guestLoaderPaths: [ByteString] {
    ["/boot/xen/pvboot-x86_64.elf", "/xen/pvboot-x86_64.elf"]
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
      if case .unreadable(let file) = error { try environment.read(file) }
      throw BootError(error).at(try environment.fileSystem(file.device).place)
    }
  }

  /// The menu of a text that came without a file, `ramdisk=` of the host. Paths without a device
  /// are on the first file system.
  public func menu(_ text: ByteString) throws(BootError) -> Menu {
    let device = environment.disks.mounted.first.map { environment.disks.name(of: $0) } ?? ""
    do throws(MenuError) {
      return try MenuInterpreter(environment: environment).menu(
        text, file: MenuFile(device: device, path: "text"),
        format: MenuFormat(path: "", text: text))
    } catch { throw BootError(error) }
  }

  /// A menu that starts the loader that a guest without a menu of ours keeps for itself; nil if
  /// there is none. The loader is told that it is chained, lest it starts itself.
  public func guestLoader() -> Menu? {
    let disks = environment.disks
    for position in disks.mounted {
      let device = disks.name(of: position)
      for path in Self.guestLoaderPaths {
        let file = MenuFile(device: device, path: path)
        guard case .file? = environment.kind(of: file) else { continue }
        do throws(BootError) {
          return try menu(
            "menuentry '\(file.name)' { multiboot \(file.name) \(HostOptions.chainedWord)\n }")
        } catch { return nil }
      }
    }
    return nil
  }

  /// The first usable menu on any disk.
  public func find() -> Result {
    var found: Menu?
    var remarks: [ByteString] = []
    let disks = environment.disks
    for position in disks.mounted {
      guard let system = disks[position].fileSystem else { continue }
      let device = disks.name(of: position)
      var winner: ByteString = ""
      if let remark = system.remark { remarks.append(remark) }
      for path in candidates(on: system, &remarks) {
        if found != nil {
          remarks.append("\(system.place): \(path) is there too; \(winner) wins")
          continue
        }
        do throws(BootError) {
          found = try load(MenuFile(device: device, path: path))
          winner = path
        } catch { remarks.append(error.message) }
      }
      if found != nil { break }
    }
    return Result(menu: found, remarks: remarks)
  }

  /// The paths where a file system has a menu, each file once: RHEL has links among them. What
  /// keeps a path from being walked is remarked, unless there is simply nothing.
  private func candidates(
    on system: MountedFileSystem<Device>, _ remarks: inout [ByteString]
  ) -> [ByteString] {
    var paths: [ByteString] = []
    var known: [ByteString] = []
    for path in ConfigSearch.paths {
      do throws(BootError) {
        guard case .file = try system.kind(path) else { continue }
        let canonical = try system.canonicalPath(path)
        if known.contains(canonical) { continue }
        known.append(canonical)
        paths.append(path)
      } catch {
        if error.family != .wrongRequest { remarks.append(error.message) }
      }
    }
    return paths
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
          let uuid: ByteString = system.uuid.isEmpty ? "" : " \(system.uuid)"
          lines.append("  \(system.place)\(label)\(uuid)")
        } else if let failure = volume.failure {
          lines.append("  \(failure.message)")
        } else if volume.partitionNumber != nil || (!disk.isPartitioned && disk.failure == nil) {
          lines.append("  \(volume.volume.name): no file system that is known here")
        }
      }
    }
    return lines
  }
}
