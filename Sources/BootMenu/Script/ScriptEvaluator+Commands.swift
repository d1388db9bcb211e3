// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// Runs a known command.
  mutating func perform(_ command: ScriptCommand, _ call: ScriptInvocation) -> ScriptResult {
    switch command {
    case .quiet, .usualFunction, .yes: .status(0)
    case .no: .status(1)
    case .unavailable: .failed("not available in a guest")
    case .set, .unset, .export, .increment, .decrement, .setParameters, .shift:
      changeVariables(command, call)
    case .test, .bracket: test(call.arguments)
    case .echo: echo(call.arguments)
    case .sleep: sleep(call.arguments)
    case .menuEntry, .submenu, .hiddenEntry: addEntry(command, call)
    case .linux, .initrd, .multiboot, .module, .chainloader, .boot:
      load(command, call.arguments)
    case .search, .searchUUID, .searchLabel, .searchFile, .searchPartitionUUID,
      .searchPartitionLabel, .probe, .loopback, .nextSlot, .mountSubvolume:
      useDevices(command, call.arguments)
    case .regexp: regexp(call.arguments)
    case .translate: translate(call.arguments)
    case .readLine: readLine(call.arguments)
    case .compareFiles: compareFiles(call.arguments)
    case .loadEnvironment, .saveEnvironment, .listEnvironment:
      environmentBlock(command, call.arguments)
    case .source, .configFile, .legacyConfigFile: read(command, call.arguments)
    case .bootLoaderEntries: addBootLoaderEntries(call)
    case .syslinuxFile: readSyslinux(call)
    case .normal:
      read(.configFile, call.arguments.isEmpty ? ["\(value("prefix"))/grub.cfg"] : call.arguments)
    case .break, .continue, .return: leave(command, call.arguments)
    case .eval where call.arguments.isEmpty: .status(0)
    case .eval: .flow(run(ScriptEvaluator.joined(call.arguments), named: "eval"))
    case .time: timed(call)
    case .password, .passwordPBKDF2: password(command, call.arguments)
    case .list, .print: show(command, call.arguments)
    case .reboot: end(.reboot)
    case .halt: end(.halt)
    case .exit: end(.exit)
    }
  }

  /// Arguments with a space between them.
  static func joined(_ arguments: [ByteString]) -> ByteString {
    var result = ByteString()
    for (index, argument) in arguments.enumerated() {
      if index > 0 { result.append(ASCII.space) }
      result += argument
    }
    return result
  }

  /// Adds to what is printed, as far as it is kept.
  mutating func write(_ text: ByteString) {
    guard menu.output.count + text.count <= MenuLimits.outputByteCountMax else { return }
    menu.output += text
  }

  private mutating func end(_ outcome: EntryOutcome) -> ScriptResult {
    self.outcome = outcome
    return .flow(.stopped)
  }

  private mutating func timed(_ call: ScriptInvocation) -> ScriptResult {
    guard let name = call.arguments.first else { return .status(0) }
    guard name != call.name else { return .failed("of itself") }
    return .flow(self.call(name, Array(call.arguments.dropFirst()), block: call.block))
  }

  @inline(never)
  private mutating func test(_ arguments: [ByteString]) -> ScriptResult {
    let words = arguments.last == "]" ? Array(arguments.dropLast()) : arguments
    var expression = TestExpression(words, root: root, environment: environment, work: work)
    let result = expression.evaluate()
    noteFailure()
    if failure != nil { return .flow(.stopped) }
    guard let value = result else { return .failed("nested too deeply") }
    return .status(value ? 0 : 1)
  }

  @inline(never)
  private mutating func echo(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "/n /e", acceptsDashes: true, areFirst: true)
    let isEscaped = options.given.contains { $0.letter == 0x65 }
    var hasNewline = !options.given.contains { $0.letter == 0x6e }
    var text = ByteString()
    for (index, word) in options.operands.enumerated() {
      if index > 0 { text.append(ASCII.space) }
      if isEscaped {
        text += ScriptEvaluator.unescaped(word, &hasNewline)
      } else {
        text += word
      }
    }
    if hasNewline { text.append(ASCII.newline) }
    write(text)
    return .status(0)
  }

  /// A word with the escapes of `echo -e` replaced by what they stand for; those that GRUB does not
  /// know stand for nothing, and `\c` takes the newline from the end.
  private static func unescaped(_ word: ByteString, _ hasNewline: inout Bool) -> ByteString {
    var result = ByteString()
    var isEscaped = false
    for byte in word.bytes {
      guard isEscaped else {
        isEscaped = byte == 0x5c
        if !isEscaped { result.append(byte) }
        continue
      }
      isEscaped = false
      switch byte {
      case 0x5c: result.append(0x5c)
      case 0x61: result.append(0x07)
      case 0x63: hasNewline = false
      case 0x66: result.append(0x0c)
      case 0x6e: result.append(ASCII.newline)
      case 0x72: result.append(ASCII.carriageReturn)
      case 0x74: result.append(ASCII.tab)
      case 0x76: result.append(0x0b)
      default: break
      }
    }
    return result
  }

  /// How long to wait is policy: only the seconds that a key could cut short are noted.
  @inline(never)
  private mutating func sleep(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "interruptible/i verbose/v")
    guard let seconds = options.operands.first else { return .failed("how long?") }
    if options.has("interruptible") {
      menu.interruptibleSeconds = max(menu.interruptibleSeconds, ScriptNumber.value(seconds))
    }
    return .status(0)
  }

  /// `break` and `continue` do nothing outside of a loop, nor does `return` outside of a function.
  @inline(never)
  private mutating func leave(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    if command == .return { return leaveFunction(arguments) }
    guard let number = ScriptNumber.onlyOne(arguments), number > 0 else {
      return .failed("a number of loops expected")
    }
    let count = min(number, loopCount)
    if count == 0 { return .status(0) }
    return .flow(command == .break ? .breakLoops(count) : .continueLoop(count))
  }

  private mutating func leaveFunction(_ arguments: [ByteString]) -> ScriptResult {
    guard self.arguments != nil else { return .failed("not in a function") }
    if !arguments.isEmpty {
      guard let number = ScriptNumber.onlyOne(arguments) else {
        return .failed("a number expected")
      }
      status = number
    }
    return .flow(.returned)
  }

  @inline(never)
  private mutating func password(
    _ command: ScriptCommand, _ arguments: [ByteString]
  ) -> ScriptResult {
    guard arguments.count == 2 else { return .failed("two arguments expected") }
    menu.passwords.removeAll { $0.user == arguments[0] }
    guard menu.passwords.count < MenuLimits.passwordCountMax else {
      return .failed("more than \(MenuLimits.passwordCountMax) passwords")
    }
    menu.passwords.append(
      Menu.Password(
        user: arguments[0], form: command == .password ? .plain : .pbkdf2, text: arguments[1]))
    return .status(0)
  }

  @inline(never)
  private mutating func show(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    let names = arguments.filter { $0.bytes.first != 0x2d }
    guard let name = names.first else {
      if command == .print { return .failed("file name expected") }
      for device in environment.deviceNames() { write("(\(device)) ") }
      write("\n")
      return .status(0)
    }
    guard let file = MenuFile(name, root: root) else { return .failed("bad name \(name)") }
    if command == .list {
      let directory = MenuFile(device: file.device, path: file.path.isEmpty ? "/" : file.path)
      guard let found = environment.names(inDirectory: directory) else {
        return .failed("no directory \(file.name)")
      }
      for name in found.names { write("\(name) ") }
      if found.leftOutCount > 0 { write("and \(found.leftOutCount) more") }
      write("\n")
      return .status(0)
    }
    let limit = MenuLimits.outputByteCountMax
    guard let contents = environment.contents(of: file, byteCountMax: limit) else {
      return .failed("\(file.name) can't be read")
    }
    guard charge(byteCount: contents.count) else { return .flow(.stopped) }
    write(contents)
    return .status(0)
  }
}
