// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// Runs a command that finds devices, asks about them or makes them.
  @inline(never)
  mutating func useDevices(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    switch command {
    case .probe: probe(arguments)
    case .loopback: loopback(arguments)
    case .nextSlot: nextSlot(arguments)
    case .mountSubvolume: mountSubvolume(arguments)
    case .search: search(arguments)
    case .searchUUID: found(arguments, as: "fs-uuid")
    case .searchLabel: found(arguments, as: "label")
    case .searchPartitionUUID: found(arguments, as: "part-uuid")
    case .searchPartitionLabel: found(arguments, as: "part-label")
    default: found(arguments, as: "file")
    }
  }

  /// `search` (GRUB manual, "search"). Of the hints, those for other firmware are names that other
  /// loaders have for disks; where they name none, all disks are looked at in order.
  private mutating func search(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(
      arguments,
      """
      file/f label/l fs-uuid/u part-uuid/p partuuid part-label partlabel fs-label set/s=?
      no-floppy/n root-dev-only/r efidisk-only cryptodisk-only hint= hint-ieee1275= hint-bios=
      hint-baremetal= hint-efi= hint-arc= hint-xen=
      """, acceptsDashes: true)
    if let problem = options.problem { return .failed(problem) }
    // In the order in which GRUB asks.
    let kinds: [(option: StaticString, kind: StaticString)] = [
      ("label", "label"), ("fs-label", "label"), ("fs-uuid", "fs-uuid"),
      ("part-uuid", "part-uuid"), ("partuuid", "part-uuid"), ("part-label", "part-label"),
      ("partlabel", "part-label"), ("file", "file"),
    ]
    guard let kind = kinds.first(where: { options.has($0.option) })?.kind else {
      return .failed("by what?")
    }
    // Hints for firmware that is not known yet are passed over.
    var name = options.operands.first { !$0.hasPrefix("--hint-") }
    var variable: ByteString = options.has("set") ? options.value("set") ?? "root" : ""
    if name == nil, let value = options.value("set") {
      // `search -l -s NAME`: what was meant for a variable is what to look for.
      name = value
      variable = "root"
    }
    guard let name else { return .failed("one argument expected") }
    var preferred: [ByteString] = []
    for given in options.given where given.name.hasPrefix("hint") {
      for hint in (given.value ?? "").bytes.split(whereSeparator: { ASCII.isBlank($0) }) {
        preferred.append(ByteString(hint))
      }
    }
    return found(
      [name, variable], as: ByteString(stringLiteral: kind), preferring: preferred)
  }

  /// `search.fs_uuid NAME [VARIABLE [HINT...]]` and its kin: looks for a device and puts its name
  /// into the variable; without one it is printed.
  private mutating func found(
    _ arguments: [ByteString], as kind: ByteString, preferring options: [ByteString] = []
  ) -> ScriptResult {
    let hints = options + arguments.dropFirst(2)
    guard let name = arguments.first else { return .failed("one argument expected") }
    let key: SearchKey
    switch kind {
    case "fs-uuid": key = .fileSystemUUID(name)
    case "part-uuid": key = .partitionUUID(name)
    case "part-label": key = .partitionLabel(name)
    case "label": key = .label(name)
    default: key = .file(name)
    }
    guard charge(byteCount: MenuLimits.bytesPerStep) else { return .flow(.stopped) }
    guard let device = environment.device(having: key, preferring: hints) else {
      return .failed("no device with \(kind) \(name)")
    }
    return give(device, to: arguments.count > 1 ? arguments[1] : "")
  }

  /// Puts a result into a variable, or prints it where none is named.
  mutating func give(_ value: ByteString, to variable: ByteString) -> ScriptResult {
    if variable.isEmpty {
      write("\(value)\n")
    } else if !context.set(variable, value) {
      return .failed("too many variables")
    }
    return .status(0)
  }

  /// `probe` (GRUB manual, "probe").
  private mutating func probe(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(
      arguments,
      "set/s= driver/d partmap/p fs/f fs-uuid/u label/l part-uuid partuuid")
    if let problem = options.problem { return .failed(problem) }
    let kinds: [(StaticString, DeviceProperty)] = [
      ("driver", .driver), ("partmap", .partitionMap), ("fs", .fileSystem),
      ("fs-uuid", .fileSystemUUID), ("label", .label), ("part-uuid", .partitionUUID),
      ("partuuid", .partitionUUID),
    ]
    guard let kind = kinds.first(where: { options.has($0.0) })?.1,
      let name = options.operands.first
    else { return .failed("what of which device?") }
    let device = ScriptContext.withoutBrackets(name)
    guard let value = environment.property(kind, of: device) else {
      return .failed("nothing is known of \(device)")
    }
    return give(value, to: options.value("set") ?? "")
  }

  /// `loopback [-d] NAME [FILE]` (GRUB manual, "loopback").
  private mutating func loopback(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "delete/d decompress/D")
    if let problem = options.problem { return .failed(problem) }
    guard let name = options.operands.first else { return .failed("device name required") }
    if options.has("delete") {
      return environment.removeLoopDevice(name: name) ? .status(0) : .failed("no device \(name)")
    }
    guard options.operands.count > 1, let file = MenuFile(options.operands[1], root: root) else {
      return .failed("file name expected")
    }
    return environment.addLoopDevice(name: name, file: file)
      ? .status(0) : .failed("\(file.name) can't be made a device")
  }
}
