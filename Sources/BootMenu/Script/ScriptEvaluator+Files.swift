// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The evaluator of a file that another one opens.
private final class ScriptInside<Environment: MenuEnvironment> {
  var evaluator: ScriptEvaluator<Environment>

  init(_ evaluator: ScriptEvaluator<Environment>) { self.evaluator = evaluator }
}

extension ScriptEvaluator {
  /// `source` and `.`, which go on in this menu, and the `configfile` commands, which begin one.
  mutating func read(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    guard let name = arguments.first else { return .failed("file name expected") }
    guard let file = MenuFile(name, root: root),
      let text = environment.contents(of: file, byteCountMax: MenuLimits.fileByteCountMax)
    else {
      if command == .legacyConfigFile { return .failed("\(name) can't be read") }
      warn(.failed("\(command == .source ? "source" : "configfile"): \(name) can't be read"))
      return .status(0)  // As in GRUB 2.
    }
    switch command {
    case .source:
      let flow = run(text, named: file.name)
      return .flow(flow == .returned ? .next : flow)
    case .legacyConfigFile: return open(file, text, format: .legacy)
    default: return open(file, text, format: .grub2)
    }
  }

  /// Opens the menu of another file. If it has entries, or boots something by itself, the present
  /// script ends; else it goes on.
  @inline(never)
  private mutating func open(
    _ file: MenuFile, _ text: ByteString, format: MenuFormat
  ) -> ScriptResult {
    guard charge(byteCount: text.count) else { return .flow(.stopped) }
    guard menu.depth < MenuLimits.submenuDepthMax else {
      failure = failure ?? .nestedTooDeeply(place: place)
      return .flow(.stopped)
    }
    if format == .legacy { return openLegacy(file, text) }
    // On the heap, as menus that open menus would use up the stack.
    let inside = inside(file)
    _ = inside.evaluator.run(text, named: file.name)
    return leave(inside)
  }

  @inline(never)
  private func innerMenu(_ file: MenuFile, _ format: MenuFormat) -> Menu {
    var inner = Menu(file: file, format: format)
    inner.depth = menu.depth + 1
    inner.passwords = menu.passwords
    return inner
  }

  @inline(never)
  private mutating func openLegacy(_ file: MenuFile, _ text: ByteString) -> ScriptResult {
    var inner = innerMenu(file, .legacy)
    inner.superusers = superusers
    LegacyMenu(text, root: root, environment: environment, work: work).fill(&inner)
    noteFailure()
    if failure != nil { return .flow(.stopped) }
    inner.root = root
    inner.savedVariables = loader.savedVariables
    return opened(inner)
  }

  /// What runs the script of another file.
  @inline(never)
  private func inside(_ file: MenuFile) -> ScriptInside<Environment> {
    var innerContext = context
    innerContext.keepExported()
    innerContext.setConfiguration(file)
    var evaluator = ScriptEvaluator(
      environment: environment, context: innerContext, menu: innerMenu(file, .grub2))
    evaluator.stepsLeft = stepsLeft
    evaluator.depth = depth
    evaluator.arguments = arguments
    // What was loaded, and what is to be saved, belongs to no single menu.
    evaluator.loader = loader
    return ScriptInside(evaluator)
  }

  /// Goes on after the script of another file.
  @inline(never)
  private mutating func leave(_ inside: ScriptInside<Environment>) -> ScriptResult {
    let evaluator = inside.evaluator
    stepsLeft = evaluator.stepsLeft
    if let failure = evaluator.failure {
      self.failure = self.failure ?? failure
      return .flow(.stopped)
    }
    loader = evaluator.loader
    context.takeFunctions(of: evaluator.context)
    if let outcome = evaluator.outcome {
      self.outcome = outcome
      return .flow(.stopped)
    }
    if loader.isBootRequested { return .flow(.stopped) }
    return opened(evaluator.finishedMenu())
  }

  @inline(never)
  private mutating func opened(_ inner: Menu) -> ScriptResult {
    if inner.entries.isEmpty {
      write(inner.output)
      for warning in inner.warnings where menu.warnings.count < MenuLimits.warningCountMax {
        menu.warnings.append(warning)
      }
      return .status(0)
    }
    outcome = .menu(inner)
    return .flow(.stopped)
  }
}
