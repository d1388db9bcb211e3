// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The block of variables that GRUB 2 keeps in `grubenv` (GRUB manual, "Environment block"): a
/// header line, `name=value` lines in which a backslash quotes the next byte, and `#` up to the
/// end of the block, whose size never changes.
public struct EnvironmentBlock: Equatable, Sendable {
  /// A variable.
  public struct Variable: Equatable, Sendable {
    /// Its name.
    public var name: ByteString
    /// Its value, without backslashes.
    public var value: ByteString
  }

  /// The first line of every block.
  public static let header: ByteString = "# GRUB Environment Block\n"
  /// The largest block that is read, in bytes; blocks have 1024 bytes.
  public static let byteCountMax = 64 << 10

  /// The variables in their order.
  public private(set) var variables: [Variable] = []
  /// The size of the block in bytes.
  public let byteCount: Int
  /// Lines that are no variables, such as a comment of `grub2-editenv`, in front of all others.
  private var comments: [ByteString] = []

  /// Reads a block; nil if it has no header.
  public init?(_ contents: ByteString) {
    guard contents.hasPrefix(EnvironmentBlock.header) else { return nil }
    byteCount = contents.count
    var line = ByteString()
    var isQuoted = false
    for byte in contents.bytes.dropFirst(EnvironmentBlock.header.count) {
      if isQuoted {
        line.append(byte)
        isQuoted = false
      } else if byte == 0x5c {
        isQuoted = true
      } else if byte == ASCII.newline {
        add(line)
        line = ByteString()
      } else {
        line.append(byte)
      }
    }
  }

  private mutating func add(_ line: ByteString) {
    if line.bytes.first == 0x23 {
      comments.append(line)
      return
    }
    guard let equals = line.bytes.firstIndex(of: 0x3d), equals > 0 else { return }
    variables.append(
      Variable(
        name: ByteString(line.bytes[..<equals]), value: ByteString(line.bytes[(equals + 1)...])))
  }

  /// The value of a variable; nil if the block does not have it.
  public func value(_ name: ByteString) -> ByteString? {
    variables.first { $0.name == name }?.value
  }

  /// Gives a variable a value, or removes it.
  public mutating func set(_ name: ByteString, _ value: ByteString?) {
    let index = variables.firstIndex { $0.name == name }
    switch (index, value) {
    case (let index?, let value?): variables[index].value = value
    case (let index?, nil): variables.remove(at: index)
    case (nil, let value?): variables.append(Variable(name: name, value: value))
    case (nil, nil): break
    }
  }

  /// The block as it is stored, of the same size; nil if the variables do not fit.
  public var contents: ByteString? {
    var result = EnvironmentBlock.header
    for comment in comments { result += comment + "\n" }
    for variable in variables {
      result += variable.name
      result.append(0x3d)
      for byte in variable.value.bytes {
        if byte == 0x5c || byte == ASCII.newline { result.append(0x5c) }
        result.append(byte)
      }
      result.append(ASCII.newline)
    }
    guard result.count <= byteCount else { return nil }
    result.bytes.append(contentsOf: repeatElement(0x23, count: byteCount - result.count))
    return result
  }
}
