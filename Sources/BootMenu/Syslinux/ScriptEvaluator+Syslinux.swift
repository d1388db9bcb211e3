// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// `syslinux_configfile` and `syslinux_source` (GRUB manual), and the `extract_` commands, which
  /// take the entries alone. `-r`, `-c` and the variant of syslinux are understood: the first is a
  /// directory that stands for the root, the second one that names are in.
  @inline(never)
  mutating func readSyslinux(_ call: ScriptInvocation) -> ScriptResult {
    let options = CommandOptions(
      call.arguments,
      "root/r= cwd/c= isolinux/i pxelinux/p syslinux/s")
    if let problem = options.problem { return .failed(problem) }
    guard let name = options.operands.first else { return .failed("file name expected") }
    guard let file = MenuFile(name, root: root),
      let text = environment.contents(of: file, byteCountMax: MenuLimits.fileByteCountMax)
    else { return .failed("\(name) can't be read") }
    guard charge(byteCount: text.count) else { return .flow(.stopped) }
    guard menu.depth < MenuLimits.submenuDepthMax else {
      failure = failure ?? .nestedTooDeeply(place: place)
      return .flow(.stopped)
    }
    var inner = Menu(file: file, format: .syslinux)
    inner.depth = menu.depth + 1
    inner.passwords = menu.passwords
    inner.superusers = superusers
    inner.directory = options.value("cwd").flatMap { MenuFile($0, root: file.device) }
    guard work.require(textByteCount: text.count) else {
      noteFailure()
      return .flow(.stopped)
    }
    SyslinuxMenu(environment: environment, work: work).fill(&inner, from: text)
    noteFailure()
    if failure != nil { return .flow(.stopped) }
    textByteCount += text.count
    for warning in inner.warnings where menu.warnings.count < MenuLimits.warningCountMax {
      menu.warnings.append(warning)
    }
    if inner.entries.isEmpty { return .failed("\(name) has no entries") }
    if call.name.hasSuffix("source") { return take(inner) }
    outcome = .menu(inner)
    return .flow(.stopped)
  }

  /// Adds the entries of a configuration to the present menu, as scripts. Those that boot no kernel
  /// stay out, and submenus are laid flat.
  private mutating func take(_ inner: Menu, depth: Int = 0) -> ScriptResult {
    let interpreter = MenuInterpreter(environment: environment)
    for entry in inner.entries {
      guard charge(byteCount: entry.body.count) else { return .flow(.stopped) }
      var outcome: EntryOutcome?
      do throws(MenuError) {
        outcome = try interpreter.syslinux(entry, of: inner, rest: "").outcome
      } catch {
        if case .work = error {
          failure = failure ?? error
          return .flow(.stopped)
        }
        warn(.failed(error.message))
      }
      switch outcome {
      case .boot(let target)?:
        // The configuration's own menu is not shown: its entries become ours.
        entry.source = ScriptText.script(for: target)
        if !add(entry) { return .flow(.stopped) }
      case .menu(let submenu)? where depth < MenuLimits.submenuDepthMax:
        if case .flow(let flow) = take(submenu, depth: depth + 1) { return .flow(flow) }
      default: break
      }
    }
    return .status(0)
  }
}

extension ScriptText {
  /// The commands that load a target.
  static func script(for target: BootTarget) -> ByteString {
    let isLinux = target.kind == .linux
    var result: ByteString = isLinux ? "linux " : "multiboot "
    result += line(target.kernel, target.commandLine)
    if !target.initrds.isEmpty {
      result += "initrd"
      for file in target.initrds { result += " " + word(file.name) }
      result.append(ASCII.newline)
    }
    for module in target.modules { result += "module " + line(module.file, module.commandLine) }
    return result
  }

  private static func line(_ file: MenuFile, _ options: ByteString) -> ByteString {
    if options.isEmpty { return word(file.name) + "\n" }
    return word(file.name) + " " + arguments(options, quotesVariables: true) + "\n"
  }
}
