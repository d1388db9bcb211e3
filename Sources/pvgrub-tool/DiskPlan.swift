// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes

/// What the loader would do with the disks of a guest when nobody is at the console.
struct DiskPlan<Device: BlockDevice> {
  /// The lines to print, in the loader's words where it prints the same.
  private(set) var lines: [ByteString] = []
  /// What would be started; nil if nothing is.
  private(set) var files: BootFiles<Device>?
  /// Why nothing boots; nil if something does.
  private(set) var failure: BootError?

  private let environment: GuestEnvironment<Device>
  private let options: HostOptions

  /// Plans the boot of a guest with `disks`, whose config says `options`.
  init(_ disks: [GuestDisk<Device>], options: HostOptions) {
    environment = GuestEnvironment(GuestDisks(disks))
    self.options = options
    for word in options.unknown { lines.append("unknown word in extra=: \(word)") }
    let search = MenuSearch(environment, options: options)
    lines += search.inventory()
    do throws(BootError) {
      let (menu, remark) = BootPolicy.menu(try findMenu(search), options: options)
      if let remark { lines.append(remark) }
      describe(menu)
      let files = try firstThatBoots(menu)
      describe(files)
      self.files = files
    } catch { failure = error }
  }

  private mutating func findMenu(_ search: MenuSearch<Device>) throws(BootError) -> Menu {
    if let file = options.menu {
      do throws(BootError) {
        return try search.load(file)
      } catch { lines.append(error.message) }
    }
    let result = search.find()
    lines += result.remarks
    if let menu = result.menu { return menu }
    throw BootError(.wrongRequest, "no boot menu found (GRUB, syslinux, Boot Loader Specification)")
  }

  private mutating func describe(_ menu: Menu) {
    let (seconds, remark) = BootPolicy.timeout(of: menu, options: options)
    if let seconds {
      lines.append("menu \(menu.file.name), the default boots after \(seconds) s")
    } else {
      lines.append("menu \(menu.file.name), waits for a person")
    }
    if let remark { lines.append(remark) }
    let report = PlanReport(menu, interpreter: MenuInterpreter(environment: environment))
    lines.append(ByteString(report.text))
  }

  /// The files of the first entry that boots without a person. Throws the default's error if none
  /// does; what its kernel would have been told is among the lines then, if it has one.
  private mutating func firstThatBoots(_ menu: Menu) throws(BootError) -> BootFiles<Device> {
    var failures: [BootError] = []
    var refused: BootFiles<Device>?
    environment.work.renew(limit: WorkLimits.attempt)
    for selection in BootPolicy.unattendedOrder(of: menu, onFailure: options.onFailure) {
      let scope = environment.work.begin(WorkShare())
      defer { environment.work.end(scope) }
      let run = MenuInterpreter(environment: environment).run(selection, of: menu)
      let title = run.titles.last ?? ""
      do throws(BootError) {
        var files = try files(of: run)
        files.commandLine = options.arguments.applied(to: files.commandLine)
        if let obstacle = try files.kernel.kernelObstacle() {
          if !files.kernel.isTooShortForAKernel { refused = refused ?? files }
          throw obstacle
        }
        lines += failures.map { $0.message }
        return files
      } catch { failures.append(error.at(title)) }
    }
    lines += failures.dropFirst().map { $0.message }
    if let refused { describe(refused) }
    throw failures.first ?? BootError(.wrongRequest, "the menu has no entries")
  }

  private mutating func files(of run: PathRun) throws(BootError) -> BootFiles<Device> {
    switch run.result {
    case .failure(let error): throw BootError(error)
    case .success(let entry):
      lines += entry.warnings.map { $0.message }
      switch entry.outcome {
      case .boot(let target): return try environment.locate(target)
      case .menu: throw BootError(.unsupported, "submenus are nested too deeply")
      case .reboot: throw BootError(.wrongRequest, "restarts the domain")
      case .halt: throw BootError(.wrongRequest, "ends the domain")
      case .close: throw BootError(.wrongRequest, "leaves its menu")
      case .exit: throw BootError(.wrongRequest, "leaves the loader")
      }
    }
  }

  private mutating func describe(_ files: BootFiles<Device>) {
    for file in [files.kernel] + files.initrds {
      lines.append("Loading \(file.name) (\(file.byteCount) bytes)")
    }
    lines.append("Starting: \(files.commandLine)")
  }
}
