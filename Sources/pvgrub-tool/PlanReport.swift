// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// The entries of a menu with what each boots, and the default.
struct PlanReport {
  /// An entry, run.
  struct Entry {
    var entry: BootEntry
    var path: [Int]
    var target: BootTarget?
    var error: ByteString?
    var output: ByteString = ""
    var children: [Entry] = []
  }

  /// The entries that are run, those of menus within menus counted each time: a menu may open
  /// itself.
  static let entryCountMax = 50_000

  let menu: Menu
  private(set) var entries: [Entry] = []
  private(set) var defaultPath: [Int] = []

  /// Runs all entries of a menu, and those of its submenus.
  init<Environment>(_ menu: Menu, interpreter: MenuInterpreter<Environment>) {
    self.menu = menu
    interpreter.environment.work.renew(limit: WorkLimits.search)
    var entriesLeft = PlanReport.entryCountMax
    entries = PlanReport.entries(of: menu, path: [], interpreter, &entriesLeft)
    defaultPath = interpreter.runDefault(of: menu, isUnlocked: true)?.path ?? []
  }

  /// Whether the default entry boots something.
  var isBootable: Bool { entry(defaultPath)?.target != nil }

  /// The entry at a path; nil if there is none.
  func entry(_ path: [Int]) -> Entry? {
    var level = entries
    var found: Entry?
    for index in path {
      guard level.indices.contains(index) else { return nil }
      found = level[index]
      level = level[index].children
    }
    return found
  }

  /// The menu's lines, each with its path.
  var titles: String {
    func lines(_ entry: Entry) -> [String] {
      let path = entry.path.map { "\($0)" }.joined(separator: ">")
      let mark = entry.path == defaultPath ? "*" : " "
      return ["\(mark) \(path) \(entry.entry.title.text)"] + entry.children.flatMap(lines)
    }
    return entries.flatMap(lines).joined(separator: "\n")
  }

  /// What one entry boots.
  func text(of entry: Entry) -> String {
    guard let target = entry.target else { return entry.error?.text ?? "opens a submenu" }
    let names = target.initrds.map { "initrd \(PlanReport.name($0, target))" }
    let kernel = "kernel \(PlanReport.name(target.kernel, target)) \(target.commandLine.text)"
    return ([kernel] + names).joined(separator: "\n")
  }

  private static func entries<Environment>(
    of menu: Menu, path: [Int], _ interpreter: MenuInterpreter<Environment>,
    _ entriesLeft: inout Int
  ) -> [Entry] {
    var results: [Entry] = []
    for index in menu.entries.indices {
      var result = Entry(entry: menu.entries[index], path: path + [index])
      entriesLeft -= 1
      guard entriesLeft > 0 else {
        result.error = "not looked at: the menus have too many entries"
        results.append(result)
        continue
      }
      // An entry that never ends leaves half of the account to the others.
      let work = interpreter.environment.work
      let scope = work.begin(WorkShare())
      defer { work.end(scope) }
      do throws(MenuError) {
        let run = try interpreter.run(index, of: menu, isUnlocked: true)
        result.output = run.output
        switch run.outcome {
        case .boot(let target): result.target = target
        case .menu(let inner):
          result.children = entries(of: inner, path: result.path, interpreter, &entriesLeft)
        case .reboot: result.error = "restarts the domain"
        case .halt: result.error = "ends the domain"
        case .close: result.error = "leaves its menu"
        case .exit: result.error = "leaves the loader"
        }
      } catch {
        result.error = error.message
      }
      results.append(result)
    }
    return results
  }

  /// The report for people.
  var text: String {
    var lines: [String] = []
    func add(_ entry: Entry) {
      let mark = entry.path == defaultPath ? "*" : " "
      let indent = String(repeating: "  ", count: entry.path.count)
      lines.append("\(mark)\(indent)\(entry.entry.title.text)")
      if let target = entry.target {
        lines.append(
          " \(indent)  kernel \(PlanReport.name(target.kernel, target)) \(target.commandLine.text)")
        for initrd in target.initrds {
          lines.append(" \(indent)  initrd \(PlanReport.name(initrd, target))")
        }
      }
      if !entry.output.isEmpty { lines.append(" \(indent)  prints \(entry.output.trimmed.text)") }
      if let error = entry.error { lines.append(" \(indent)  \(error.text)") }
      entry.children.forEach(add)
    }
    entries.forEach(add)
    if !menu.output.isEmpty { lines.append(menu.output.trimmed.text) }
    lines += menu.warnings.map { "warning: \($0.message.text)" }
    return lines.joined(separator: "\n")
  }

  /// A file's path, with its device in front where that is not the root.
  static func name(_ file: MenuFile, _ target: BootTarget) -> String {
    file.device == target.root ? file.path.text : file.name.text
  }
}
