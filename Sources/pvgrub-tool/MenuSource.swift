// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation

/// Where `plan` and `menu` take a menu from.
struct MenuSource: ParsableArguments {
  /// The language of a menu, as given on the command line.
  enum Language: String, ExpressibleByArgument {
    case auto, grub2, legacy, syslinux, bls
  }

  @Argument(help: "The guest's disks: the same as --disk.")
  var disks: [String] = []

  @Option(name: .customLong("disk"), help: "A disk of the guest: [VDEV[:cdrom]=]FILE.")
  var namedDisks: [String] = []

  @Option(help: "A directory that stands for a file system; a second one for its /boot.")
  var tree: [String] = []

  @Option(help: "A menu file, read without the file system around it.")
  var config: String?

  @Option(help: "The language of --config: auto, grub2, legacy, syslinux or bls.")
  var language = Language.auto

  @Option(help: "What the guest config says in extra= or cmdline=.")
  var extra = ""

  /// The disks, however they were given.
  var allDisks: [String] { namedDisks + disks }

  func validate() throws {
    let kinds = [config != nil, !allDisks.isEmpty, !tree.isEmpty].filter { $0 }.count
    if kinds != 1 { throw ValidationError("name disks, or --tree, or --config") }
  }

  /// Opens the disks in the order of the guest config.
  func openDisks() throws -> [GuestDisk<CachedDevice<ImageFile>>] {
    // As in a domain, so that `plan` gives up where the loader does.
    let work = WorkAccount(limit: WorkLimits.search)
    var guests: [GuestDisk<CachedDevice<ImageFile>>] = []
    for (index, argument) in allDisks.enumerated() {
      let disk = DiskArgument(argument, index: index)
      guests.append(GuestDisk(CachedDevice(try disk.open(), work: work), isOptical: disk.isOptical))
    }
    return guests
  }

  /// The menu and everything that its entries boot, and the name of where it came from.
  func report() throws -> (report: PlanReport, name: String) {
    if let config { return (try report(config), config) }
    if !tree.isEmpty {
      for path in tree where !TreeEnvironment.isDirectory(path) {
        throw complaint("\(path) is no directory")
      }
      let world = TreeEnvironment(tree)
      return try checked { () throws(MenuError) in
        let menu = try world.findMenu()
        let report = PlanReport(menu, interpreter: MenuInterpreter(environment: world))
        return (report, menu.file.name.text)
      }
    }
    let options = HostOptions(ByteString(extra))
    let world = GuestEnvironment(GuestDisks(try openDisks()))
    let search = MenuSearch(world)
    var found: Menu?
    if let file = options.menu {
      do throws(BootError) { found = try search.load(file) } catch { complain(error.message.text) }
    }
    guard let menu = found ?? search.find().menu else {
      complain("no boot menu found")
      throw ExitCode(1)
    }
    let report = PlanReport(menu, interpreter: MenuInterpreter(environment: world))
    return (report, menu.file.name.text)
  }

  private func report(_ config: String) throws -> PlanReport {
    guard let data = FileManager.default.contents(atPath: config) else {
      throw complaint("\(config) can't be read")
    }
    let text = ByteString(Array(data))
    let format: MenuFormat =
      switch language {
      case .auto: MenuFormat(path: ByteString(config), text: text)
      case .grub2: .grub2
      case .legacy: .legacy
      case .syslinux: .syslinux
      case .bls: .bls
      }
    let file = MenuFile(device: "", path: path(of: config, format))
    var interpreter = MenuInterpreter(environment: SingleFile(file: file, contents: text))
    interpreter.unknown = SingleFile.unknown(inFile: config)
    return try checked { () throws(MenuError) in
      let menu = try interpreter.menu(text, file: file, format: format)
      return PlanReport(menu, interpreter: interpreter)
    }
  }

  /// What `body` gives; a menu without entries ends with 1, everything else that is thrown with 2.
  private func checked<Value>(_ body: () throws(MenuError) -> Value) throws -> Value {
    do throws(MenuError) {
      return try body()
    } catch {
      guard case .noEntries = error else { throw complaint(error.message.text) }
      complain(error.message.text)
      throw ExitCode(1)
    }
  }

  /// Where a menu alone is taken to be. A configuration of syslinux is in no directory, so that
  /// names without a slash stay as they are.
  private func path(of config: String, _ format: MenuFormat) -> ByteString {
    let name = URL(fileURLWithPath: config).lastPathComponent
    return switch format {
    case .legacy: "/boot/grub/menu.lst"
    case .grub2: "/boot/grub/grub.cfg"
    case .syslinux: ByteString(name)
    case .bls: ByteString("/loader/entries/" + name)
    }
  }
}

extension TreeEnvironment {
  /// Whether a path of the host is a directory.
  static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }
}
