// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// Runs a command that says what is to be booted. Files are not looked at: reading them tells
  /// more than asking whether they are there.
  mutating func load(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    if command == .boot {
      guard loader.target != nil || loader.chainloaded != nil else {
        return .failed("you need to load the kernel first")
      }
      loader.isBootRequested = true
      return .flow(.stopped)
    }
    if command == .initrd { return initrd(arguments) }
    let words = Array(arguments.drop { $0.hasPrefix("--") })
    guard let name = words.first else { return .failed("file name expected") }
    guard let file = MenuFile(name, root: root) else { return .failed("bad file name \(name)") }
    let commandLine = LoaderCommandLine.joined(words.dropFirst())
    switch command {
    case .linux:
      loader.target = BootTarget(kind: .linux, kernel: file, commandLine: commandLine)
    case .multiboot:
      loader.target = BootTarget(kind: .multiboot, kernel: file, commandLine: commandLine)
    case .module:
      guard let target = loader.target, target.modules.count < MenuLimits.payloadCountMax
      else { return .failed("you need to load the kernel first") }
      guard target.initrds.isEmpty else { return .failed("initrd already loaded") }
      loader.target?.modules.append(.init(file: file, commandLine: commandLine))
    default: loader.chainloaded = file.name
    }
    let root = self.root
    if command == .linux || command == .multiboot { loader.target?.root = root }
    return .status(0)
  }

  private mutating func initrd(_ arguments: [ByteString]) -> ScriptResult {
    guard let target = loader.target else { return .failed("you need to load the kernel first") }
    guard target.modules.isEmpty else { return .failed("modules already loaded") }
    guard !arguments.isEmpty else { return .failed("file name expected") }
    guard arguments.count <= MenuLimits.payloadCountMax else { return .failed("too many files") }
    var files: [MenuFile] = []
    for name in arguments {
      guard let file = MenuFile(name, root: root) else { return .failed("bad file name \(name)") }
      files.append(file)
    }
    loader.target?.initrds = files
    return .status(0)
  }

  /// `search` in all its forms (GRUB manual, "search"). Hints are ignored: the environment knows
  /// all disks.
  mutating func search(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    switch command {
    case .searchUUID: return found(arguments, as: "fs-uuid")
    case .searchLabel: return found(arguments, as: "label")
    case .searchFile: return found(arguments, as: "file")
    default: break
    }
    let hints: [ByteString] = [
      "hint", "hint-ieee1275", "hint-bios", "hint-baremetal", "hint-efi", "hint-arc",
    ]
    let options = CommandOptions(
      arguments,
      [
        .init("file", "f"), .init("label", "l"), .init("fs-uuid", "u"), .init("part-uuid", "p"),
        .init("set", "s", .optional), .init("no-floppy", "n"), .init("root-dev-only", "r"),
        .init("efidisk-only"), .init("cryptodisk-only"),
      ] + hints.map { .init($0, nil, .required) })
    if let unknown = options.unknown { return .failed("unknown option \(unknown)") }
    let kinds: [ByteString] = ["part-uuid", "fs-uuid", "label", "file"]
    guard let kind = kinds.first(where: { options.has($0) }) else {
      return .failed("by what?")
    }
    var operands = options.operands
    var variable: ByteString = options.value("set") ?? "root"
    if options.has("set"), options.value("set") == nil, operands.count == 2 {
      variable = operands.removeFirst()
    }
    guard let name = operands.first else { return .failed("one argument expected") }
    return found([name] + (options.has("set") ? [variable] : [""]), as: kind)
  }

  /// Looks for a device and puts its name into the variable that the second argument names: `root`
  /// if there is none, nowhere but on the screen if it is empty.
  private mutating func found(_ arguments: [ByteString], as kind: ByteString) -> ScriptResult {
    guard let name = arguments.first else { return .failed("one argument expected") }
    let key: SearchKey
    switch kind {
    case "fs-uuid": key = .fileSystemUUID(name)
    case "part-uuid": key = .partitionUUID(name)
    case "label": key = .label(name)
    default: key = .file(name)
    }
    guard let device = environment.device(having: key) else {
      return .failed("no device with \(kind) \(name)")
    }
    let variable = arguments.count > 1 ? arguments[1] : "root"
    if variable.isEmpty {
      write("\(device)\n")
    } else if !context.set(variable, device) {
      return .failed("too many variables")
    }
    return .status(0)
  }
}
