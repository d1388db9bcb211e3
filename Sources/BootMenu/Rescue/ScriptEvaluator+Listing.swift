// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator where Environment: RescueEnvironment {
  /// `ls [-l] [DEVICE or PATH]`. In the long form a device is told by what is on it, and a file
  /// by its size.
  mutating func list(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    let options = CommandOptions(
      arguments, "long/l all/a human/h")
    if let problem = options.problem { throw RescueFailure(problem) }
    let isLong = options.has("long")
    guard let name = options.operands.first else {
      for device in environment.deviceNames() {
        write(isLong ? description(ofDevice: device) : "(\(device)) ")
      }
      if !isLong { write("\n") }
      return .status(0)
    }
    let file = try file(name)
    if isLong, file.path.isEmpty {
      write(description(ofDevice: file.device))
      return .status(0)
    }
    let directory = MenuFile(device: file.device, path: file.path.isEmpty ? "/" : file.path)
    if case .file(let byteCount)? = environment.kind(of: directory) {
      write(isLong ? Self.line(byteCount, file.name) : "\(file.name)\n")
      return .status(0)
    }
    let limit = MenuLimits.listedCountMax
    guard let found = environment.names(inDirectory: directory, limit: limit) else {
      throw RescueFailure(environment.failure(of: directory) ?? "no directory \(file.name)")
    }
    for name in found.names where !isDot(name) {
      try goOn()
      write(isLong ? try describe(name, in: directory) : "\(name) ")
    }
    if !isLong { write("\n") }
    if found.leftOutCount > 0 { write("and \(found.leftOutCount) more\n") }
    return .status(0)
  }

  private func isDot(_ name: ByteString) -> Bool { name == "." || name == ".." }

  private func describe(
    _ name: ByteString, in directory: MenuFile
  ) throws(RescueFailure) -> ByteString {
    switch environment.kind(of: Self.child(name, of: directory)) {
    case .file(let byteCount): Self.line(byteCount, name)
    case .directory: "           - \(name)/\n"
    case nil: "           ? \(name)\n"
    }
  }

  /// A file or directory in a directory.
  private static func child(_ name: ByteString, of directory: MenuFile) -> MenuFile {
    let isWhole = directory.path.hasSuffix("/")
    return MenuFile(
      device: directory.device,
      path: isWhole ? directory.path + name : "\(directory.path)/\(name)")
  }

  /// A size, to the right of twelve columns, and a name.
  private static func line(_ byteCount: UInt64, _ name: ByteString) -> ByteString {
    let number: ByteString = "\(byteCount)"
    var result = ByteString()
    for _ in 0..<max(0, 12 - number.count) { result.append(ASCII.space) }
    return result + "\(number) \(name)\n"
  }

  private func description(ofDevice device: ByteString) -> ByteString {
    var result: ByteString = "(\(device)):"
    if let byteCount = environment.byteCount(ofDevice: device) {
      result += byteCount >= 10 << 20 ? " \(byteCount >> 20) MiB," : " \(byteCount >> 10) KiB,"
    }
    guard let system = environment.fileSystemName(ofDevice: device) else {
      let place = MenuFile(device: device, path: "/")
      return result + " \(environment.failure(of: place) ?? "no file system that is known")\n"
    }
    result += " \(system)"
    if let label = environment.property(.label, of: device) { result += ", label '\(label)'" }
    if let uuid = environment.property(.fileSystemUUID, of: device) { result += ", UUID \(uuid)" }
    return result + "\n"
  }

  /// `find PATH`, as GRUB legacy has it: the devices with something there; and
  /// `find DIRECTORY -name PATTERN`, the paths below with such a name.
  mutating func find(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    let file = try file(arguments.first)
    if arguments.count == 3, arguments[1] == "-name" {
      return .status(try walk(file, Wildcard.pattern(arguments[2])) > 0 ? 0 : 1)
    }
    guard arguments.count == 1 else { throw RescueFailure("PATH or DIRECTORY -name PATTERN") }
    var count = 0
    for device in environment.deviceNames() {
      try goOn()
      guard environment.kind(of: MenuFile(device: device, path: file.path)) != nil else { continue }
      count += 1
      write("(\(device))\n")
    }
    guard count > 0 else { throw RescueFailure("\(file.path) is on no device") }
    return .status(0)
  }

  /// Prints the paths below a directory whose names fit; how many.
  private mutating func walk(
    _ start: MenuFile, _ pattern: [Wildcard]
  ) throws(RescueFailure) -> Int {
    var open: [(directory: MenuFile, depth: Int)] = [(start, 0)]
    var nameCount = 0
    var foundCount = 0
    while let (directory, depth) = open.popLast() {
      // One more than may be looked at ends the search.
      let room = MenuLimits.findNameCountMax - nameCount + 1
      guard let names = environment.names(inDirectory: directory, limit: room)?.names else {
        if depth > 0 { continue }
        throw RescueFailure(environment.failure(of: directory) ?? "no directory \(directory.name)")
      }
      for name in names where !isDot(name) {
        try goOn()
        nameCount += 1
        guard nameCount <= MenuLimits.findNameCountMax else {
          throw RescueFailure("more than \(MenuLimits.findNameCountMax) names")
        }
        let child = Self.child(name, of: directory)
        if Wildcard.matches(pattern[...], name, work) {
          foundCount += 1
          guard foundCount <= MenuLimits.listedCountMax else {
            throw RescueFailure("more than \(MenuLimits.listedCountMax) paths")
          }
          write("\(child.name)\n")
        }
        if depth < MenuLimits.findDepthMax, environment.kind(of: child) == .directory {
          open.append((child, depth + 1))
        }
      }
    }
    return foundCount
  }
}

extension Wildcard {
  /// A pattern that was given in quotes: `*` and `?` stand for others.
  static func pattern(_ text: ByteString) -> [Wildcard] {
    text.bytes.map { $0 == 0x2a ? .any : $0 == 0x3f ? .one : .byte($0) }
  }
}
