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
    read(contents.bytes)
  }

  /// Reads lines as GRUB does (`lib/envblk.c`): a name goes on to the next `=`, through line ends
  /// too, and a value without a line end does not count.
  private mutating func read(_ bytes: [UInt8]) {
    var index = EnvironmentBlock.header.count
    while index < bytes.count {
      let start = index
      switch bytes[start] {
      case 0x23, ASCII.newline, ASCII.carriageReturn:
        let end = EnvironmentBlock.lineEnd(bytes, from: start)
        // What has no line end is the filling.
        if bytes[start] == 0x23, end < bytes.count {
          comments.append(ByteString(bytes[start..<end]))
        }
        index = end + 1
      default:
        guard let equals = bytes[start...].firstIndex(of: 0x3d) else { return }
        let end = EnvironmentBlock.lineEnd(bytes, from: equals + 1)
        guard end < bytes.count else { return }
        add(bytes[start..<equals], bytes[(equals + 1)..<end])
        index = end + 1
      }
    }
  }

  /// The first newline from an index on that no backslash quotes; the end if there is none.
  private static func lineEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var index = start
    while index < bytes.count, bytes[index] != ASCII.newline {
      index += bytes[index] == 0x5c ? 2 : 1
    }
    return min(index, bytes.count)
  }

  private mutating func add(_ name: ArraySlice<UInt8>, _ quoted: ArraySlice<UInt8>) {
    var value = ByteString()
    var isQuoted = false
    for byte in quoted {
      if !isQuoted, byte == 0x5c {
        isQuoted = true
      } else {
        value.append(byte)
        isQuoted = false
      }
    }
    variables.append(Variable(name: ByteString(name), value: value))
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
