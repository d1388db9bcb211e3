// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// An entry that was reached through submenus, and what running it gave.
public struct PathRun: Sendable {
  /// The index in the first menu, then in each submenu.
  public var path: [Int]
  /// The titles along the path.
  public var titles: [ByteString]
  /// What running the last entry gave.
  public var result: Result<EntryRun, MenuError>
}

extension MenuInterpreter {
  /// Runs what boots when nobody touches a key: the default entry and, where that opens a menu, the
  /// default of that menu. Nil for a menu without entries.
  public func runDefault(of menu: Menu, isUnlocked: Bool = false) -> PathRun? {
    guard let selection = menu.defaultSelection else { return nil }
    return run(selection, of: menu, isUnlocked: isUnlocked)
  }

  /// Runs a selected entry and, where that opens a menu, the default of that menu, at most
  /// `MenuLimits.submenuDepthMax` deep.
  public func run(
    _ selection: Menu.Selection, of menu: Menu, isUnlocked: Bool = false
  ) -> PathRun {
    var reached = PathRun(
      path: [], titles: [], result: .failure(.noEntries(menu.file)))
    var next: Menu.Selection? = selection
    var level = menu
    while let selection = next, reached.path.count <= MenuLimits.submenuDepthMax {
      reached.path.append(selection.index)
      if level.entries.indices.contains(selection.index) {
        reached.titles.append(level.entries[selection.index].title)
      }
      do throws(MenuError) {
        let entryRun = try run(
          selection.index, of: level, rest: selection.rest, isUnlocked: isUnlocked)
        reached.result = .success(entryRun)
        guard case .menu(let inner) = entryRun.outcome else { return reached }
        level = inner
        next = inner.defaultSelection
      } catch {
        reached.result = .failure(error)
        return reached
      }
    }
    return reached
  }
}
