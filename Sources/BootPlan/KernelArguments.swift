// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What the host changes in the command line that the guest's menu gives its kernel.
public struct KernelArguments: Equatable, Sendable {
  /// `append=TEXT`: what is put after it, in order.
  public var appended: [ByteString] = []
  /// `remove=NAME` or `remove=NAME=VALUE`: arguments that are taken out, all of them.
  public var removed: [ByteString] = []
  /// `console=auto`: Xen's console is added where the menu was made for other machines.
  public var addsConsole = false

  /// The argument that puts Linux's console on Xen's.
  static let console: ByteString = "console=hvc0"

  /// No change.
  public init() {}

  /// Takes a word of the host; false if it is not one of these.
  mutating func take(_ word: HostWord) -> Bool {
    let value = word.value ?? ""
    if word.name == "append", !value.isEmpty {
      appended.append(value)
    } else if word.name == "remove", !value.isEmpty {
      removed.append(value)
    } else if word.name == "console", value == "auto" {
      addsConsole = true
    } else {
      return false
    }
    return true
  }

  /// The command line as the host wants it. What is after `--` is for the guest's init and stays
  /// as it is, at the end; blanks within double quotes do not end an argument (Linux,
  /// Documentation/admin-guide/kernel-parameters.rst).
  public func applied(to commandLine: ByteString) -> ByteString {
    guard self != KernelArguments() else { return commandLine }
    let all = Self.split(commandLine)
    let end = all.firstIndex(of: "--") ?? all.count
    var own = all[..<end].filter { argument in !removed.contains { Self.matches(argument, $0) } }
    own += appended
    if addsConsole, !own.contains(where: Self.isXenConsole) { own.append(Self.console) }
    var result = ByteString()
    for argument in own + all[end...] {
      if !result.isEmpty { result.append(ASCII.space) }
      result += argument
    }
    return result
  }

  private static func isXenConsole(_ argument: ByteString) -> Bool {
    argument == console || argument.hasPrefix("console=hvc0,") || argument.hasPrefix("xencons=")
  }

  /// A pattern with a value stands for that argument, one without for all of that name.
  private static func matches(_ argument: ByteString, _ pattern: ByteString) -> Bool {
    argument == pattern || (argument.hasPrefix(pattern + "=") && !pattern.bytes.contains(0x3d))
  }

  private static func split(_ commandLine: ByteString) -> [ByteString] {
    var isQuoted = false
    return commandLine.bytes.split { byte in
      if byte == 0x22 { isQuoted.toggle() }
      return !isQuoted && ASCII.isBlank(byte)
    }.map { ByteString($0) }
  }
}
