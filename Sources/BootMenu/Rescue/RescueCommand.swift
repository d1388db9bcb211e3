// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Commands that do more at the command line than in a script, or that scripts do not have. In the
/// scripts of guests these names keep their old meaning.
enum RescueCommand: Int {
  case list, print, find, compare, checksum, blockList, memoryMap, store, time, help

  /// The command of a name.
  init?(_ name: ByteString) {
    // In the order of the cases.
    let names: StaticString = "ls cat find cmp sha256sum blocklist lsmmap xenstore time help"
    guard let index = name.wordIndex(in: names) else { return nil }
    self.init(rawValue: index)
  }
}

extension ScriptEvaluator where Environment: RescueEnvironment {
  /// Runs a command if it is one of a person's; nil if it is not.
  mutating func performTyped(_ call: ScriptInvocation) -> ScriptResult? {
    guard let command = RescueCommand(call.name) else { return nil }
    return perform(command, call)
  }

  private mutating func perform(
    _ command: RescueCommand, _ call: ScriptInvocation
  ) -> ScriptResult {
    do throws(RescueFailure) {
      switch command {
      case .list: return try list(call.arguments)
      case .print: return try printFile(call.arguments)
      case .find: return try find(call.arguments)
      case .compare: return try compare(call.arguments)
      case .checksum: return try checksum(call.arguments)
      case .blockList: return try blockList(call.arguments)
      case .memoryMap: return try listMemory()
      case .store: return try store(call.arguments)
      case .time: return time(call)
      case .help: return try help(call.arguments)
      }
    } catch {
      guard error == .interrupted else { return .failed(error.reason) }
      write("interrupted\n")
      return .flow(.stopped)
    }
  }

  private mutating func help(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    guard let text = CommandHelp.text(about: arguments.first) else {
      throw RescueFailure("no command \(arguments.first ?? "")")
    }
    write(text)
    return .status(0)
  }

  /// `time COMMAND...`: as scripts have it, and the time.
  private mutating func time(_ invocation: ScriptInvocation) -> ScriptResult {
    guard let name = invocation.arguments.first else { return .failed("command expected") }
    guard name != invocation.name else { return .failed("of itself") }
    let start = environment.nanoseconds()
    let flow = call(name, Array(invocation.arguments.dropFirst()), block: invocation.block)
    if let start, let end = environment.nanoseconds() {
      let milliseconds = (end > start ? end - start : 0) / 1_000_000
      write("took \(milliseconds / 1000).\(ScriptEvaluator.padded(milliseconds % 1000)) s\n")
    } else {
      write("no clock here\n")
    }
    return .flow(flow)
  }

  /// A number below 1000 in three digits.
  private static func padded(_ number: UInt64) -> ByteString {
    let zeros: ByteString = number < 10 ? "00" : number < 100 ? "0" : ""
    return "\(zeros)\(number)"
  }

  /// The file of an argument.
  func file(_ name: ByteString?) throws(RescueFailure) -> MenuFile {
    guard let name else { throw RescueFailure("file name expected") }
    guard let file = MenuFile(name, root: root) else {
      throw RescueFailure("\(name): the bracket is not closed")
    }
    return file
  }

  /// Throws if the person pressed Ctrl-C.
  func goOn() throws(RescueFailure) {
    if environment.isInterrupted() { throw .interrupted }
  }

  private mutating func listMemory() throws(RescueFailure) -> ScriptResult {
    let map = environment.memoryMap().sorted { $0.address < $1.address }
    guard !map.isEmpty else { throw RescueFailure("the map is not known here") }
    for range in map.prefix(MenuLimits.listedCountMax) {
      let kind: ByteString =
        switch range.type {
        case 1: "RAM"
        case 2: "reserved"
        case 3: "ACPI tables"
        case 4: "ACPI NVS"
        default: "type \(range.type)"
        }
      write("\(hex: range.address), \(range.byteCount >> 10) KiB: \(kind)\n")
    }
    return .status(0)
  }

  /// `xenstore ls [PATH]` and `xenstore read PATH`.
  private mutating func store(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    switch arguments.first {
    case "ls":
      var left = MenuLimits.listedCountMax
      try listNodes(arguments.count > 1 ? arguments[1] : "", depth: 0, left: &left)
    case "read":
      guard arguments.count > 1 else { throw RescueFailure("path expected") }
      write(try environment.storeValue(of: arguments[1]) + "\n")
    default: throw RescueFailure("ls or read expected")
    }
    return .status(0)
  }

  private mutating func listNodes(
    _ path: ByteString, depth: Int, left: inout Int
  ) throws(RescueFailure) {
    for name in try environment.storeNames(below: path) {
      try goOn()
      guard left > 0 else { return }
      left -= 1
      if left == 0 { return write("more than \(MenuLimits.listedCountMax) nodes\n") }
      let inner = path.isEmpty || path.hasSuffix("/") ? path + name : path + "/" + name
      for _ in 0..<depth { write(" ") }
      do throws(RescueFailure) {
        let value = try environment.storeValue(of: inner)
        write("\(name) = \"\(value)\"\n")
        if depth < MenuLimits.findDepthMax {
          try listNodes(inner, depth: depth + 1, left: &left)
        }
      } catch {
        if error == .interrupted { throw error }
        write("\(name): \(error.reason)\n")
      }
    }
  }
}
