// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// Runs a command that changes variables or positional parameters.
  @inline(never)
  mutating func changeVariables(
    _ command: ScriptCommand, _ call: ScriptInvocation
  ) -> ScriptResult {
    switch command {
    case .set: return set(call.arguments)
    case .unset:
      // GRUB forgets the first alone.
      guard let name = call.arguments.first else { return .failed("one argument expected") }
      context.unset(name)
    case .export:
      if call.arguments.isEmpty { return .failed("one argument expected") }
      for name in call.arguments where payForLookup() { context.export(name) }
    case .increment, .decrement:
      guard let name = call.arguments.first else { return .failed("variable name expected") }
      let number = ScriptNumber.value(value(name))
      let step = command == .increment ? 1 : -1
      guard let sum = Checked.sum(number, step) else { return .failed("\(name) is too large") }
      _ = context.set(name, "\(sum)")
    case .setParameters:
      guard arguments != nil else { return .status(1) }
      arguments = call.arguments
    case .shift:
      guard let count = arguments?.count else { return .status(0) }
      guard let shift = ScriptNumber.onlyOne(call.arguments), shift <= count else {
        return .status(1)
      }
      // Those that are left move.
      guard charge(textByteCount: count) else { return .flow(.stopped) }
      arguments?.removeFirst(shift)
    default: break
    }
    return .status(0)
  }

  /// `set name=value`; without an argument the variables are printed. Further arguments are
  /// ignored, as in GRUB 2.
  private mutating func set(_ arguments: [ByteString]) -> ScriptResult {
    guard let assignment = arguments.first else {
      for variable in context.variables { write("\(variable.name)=\(variable.value)\n") }
      return .status(0)
    }
    guard let equals = assignment.bytes.firstIndex(of: 0x3d) else {
      return .failed("no assignment in \(assignment)")
    }
    if equals == 0 { return .status(0) }  // As in GRUB 2, which sets a variable without a name.
    guard payForLookup() else { return .flow(.stopped) }
    let isSet = context.set(
      ByteString(assignment.bytes[..<equals]), ByteString(assignment.bytes[(equals + 1)...]))
    return isSet ? .status(0) : .failed("variable too large")
  }

  /// `load_env`, `save_env` and `list_env`. Nothing is written here: what is to be saved is kept
  /// for the caller.
  @inline(never)
  mutating func environmentBlock(
    _ command: ScriptCommand, _ arguments: [ByteString]
  ) -> ScriptResult {
    let options = CommandOptions(
      arguments, "file/f= skip-sig/s")
    if let problem = options.problem { return .failed(problem) }
    let name = options.value("file") ?? "\(value("prefix"))/grubenv"
    guard let file = MenuFile(name, root: root), !file.path.isEmpty else {
      return .failed("bad name \(name)")
    }
    if command == .saveEnvironment { return save(options.operands, to: file) }
    guard
      let contents = environment.contents(of: file, byteCountMax: EnvironmentBlock.byteCountMax),
      var block = EnvironmentBlock(contents)
    else { return .status(1) }
    guard charge(byteCount: contents.count) else { return .flow(.stopped) }
    guard apply(pendingVariables(of: file), to: &block) else { return .flow(.stopped) }
    for variable in block.variables {
      // It is looked for among the variables, and among the names that are wanted.
      guard payForLookup(), charge(textByteCount: options.operands.count / 4 + 32) else {
        return .flow(.stopped)
      }
      let (name, value) = (variable.name, variable.value)
      if command == .listEnvironment {
        write("\(name)=\(value)\n")
      } else if options.operands.isEmpty || options.operands.contains(name) {
        _ = context.set(name, value)
      }
    }
    return .status(0)
  }

  /// What is saved in a file before the present command, and not yet written.
  func pendingVariables(of file: MenuFile) -> [BootTarget.SavedVariable] {
    environment.pendingVariables(of: file) + loader.savedVariables.filter { $0.file == file }
  }

  /// Puts variables into a block; false, with a failure, if that is not paid for.
  private mutating func apply(
    _ variables: [BootTarget.SavedVariable], to block: inout EnvironmentBlock
  ) -> Bool {
    for variable in variables {
      guard charge(textByteCount: block.variables.count / 4) else { return false }
      block.set(variable.name, variable.value)
    }
    return true
  }

  /// `save_env`. The status says whether the block is there and has room; whoever writes it says
  /// why not.
  private mutating func save(_ names: [ByteString], to file: MenuFile) -> ScriptResult {
    guard !names.isEmpty else { return .failed("no variable is specified") }
    guard loader.savedVariables.count + names.count <= MenuLimits.payloadCountMax else {
      return .failed("too many variables")
    }
    for name in names {
      loader.savedVariables.append(.init(file: file, name: name, value: context.value(name)))
    }
    guard
      let contents = environment.contents(of: file, byteCountMax: EnvironmentBlock.byteCountMax),
      var block = EnvironmentBlock(contents)
    else { return .status(1) }
    guard charge(byteCount: contents.count) else { return .flow(.stopped) }
    guard apply(pendingVariables(of: file), to: &block) else { return .flow(.stopped) }
    return .status(block.contents == nil ? 1 : 0)
  }
}
