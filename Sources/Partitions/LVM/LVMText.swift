// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import Bytes

/// A value in LVM2's text.
indirect enum LVMValue: Equatable {
  case number(Int64)
  case string(ByteString)
  case list([LVMValue])
  case section(LVMSection)
}

/// Names with values, as they stand between braces in LVM2's text (`lib/config/config.c`).
struct LVMSection: Equatable {
  /// The names in their order.
  var entries: [Entry] = []

  struct Entry: Equatable {
    let name: ByteString
    let value: LVMValue
  }

  /// The first value of a name.
  subscript(name: ByteString) -> LVMValue? {
    for entry in entries where entry.name == name { return entry.value }
    return nil
  }

  /// The sections in it, with their names.
  var sections: [(name: ByteString, section: LVMSection)] {
    var result: [(name: ByteString, section: LVMSection)] = []
    for entry in entries {
      if case .section(let section) = entry.value { result.append((entry.name, section)) }
    }
    return result
  }

  func section(_ name: ByteString) throws(LVMError) -> LVMSection {
    guard case .section(let section)? = self[name] else { throw .missingValue(name) }
    return section
  }

  func string(_ name: ByteString) throws(LVMError) -> ByteString {
    guard case .string(let text)? = self[name] else { throw .missingValue(name) }
    return text
  }

  /// A number that is not negative.
  func number(_ name: ByteString) throws(LVMError) -> UInt64 {
    guard case .number(let value)? = self[name] else { throw .missingValue(name) }
    guard value >= 0 else { throw .badValue(name) }
    return UInt64(value)
  }

  func list(_ name: ByteString) throws(LVMError) -> [LVMValue] {
    switch self[name] {
    case .list(let values)?: return values
    // A list of one may stand without brackets.
    case .string?, .number?: return [self[name]].compactMap { $0 }
    default: throw .missingValue(name)
    }
  }

  /// The strings of a list; none if there is no such list.
  func strings(_ name: ByteString) -> [ByteString] {
    var result: [ByteString] = []
    guard case .list(let values)? = self[name] else { return [] }
    for value in values {
      if case .string(let text) = value { result.append(text) }
    }
    return result
  }
}

/// Reads LVM2's text: sections, lists, strings and numbers, with comments from `#` to the end of
/// the line.
struct LVMTextParser {
  private let text: [UInt8]
  private var position = 0
  private var itemCount = 0
  private let work: WorkAccount

  /// The outermost section of `text`, which ends at the first zero byte; `work` pays.
  static func parse(
    _ text: [UInt8], _ work: WorkAccount = WorkAccount()
  ) throws(LVMError) -> LVMSection {
    var parser = LVMTextParser(text: Array(text.prefix { $0 != 0 }), work: work)
    try parser.pay(.textBytes, text.count)
    return try parser.entries(depth: 0)
  }

  private init(text: [UInt8], work: WorkAccount) {
    self.text = text
    self.work = work
  }

  private var failure: LVMError { .badSyntax(byteOffset: position) }

  private var current: UInt8? { position < text.count ? text[position] : nil }

  private mutating func count() throws(LVMError) {
    itemCount += 1
    guard itemCount <= LVMLimits.itemCountMax else { throw .tooComplex }
    try pay(.nodes)
    // The list of a section's parts doubles as it grows.
    if itemCount % LVMLimits.itemsPerLook == 0 {
      let byteCount = itemCount * LVMLimits.itemByteCount
      do throws(BlockError) { try work.payMemory(byteCount: byteCount) } catch {
        throw .device(error)
      }
    }
  }

  private func pay(_ kind: WorkKind, _ count: Int = 1) throws(LVMError) {
    do throws(BlockError) { try work.pay(kind, count) } catch { throw .device(error) }
  }

  private mutating func skipBlanks() {
    while let byte = current {
      if byte == 0x23 {
        while let byte = current, byte != ASCII.newline { position += 1 }
      } else if ASCII.isBlank(byte) {
        position += 1
      } else {
        return
      }
    }
  }

  /// The names with values up to a closing brace, or to the end of the text at depth 0.
  private mutating func entries(depth: Int) throws(LVMError) -> LVMSection {
    guard depth < LVMLimits.nestingMax else { throw .tooComplex }
    var result = LVMSection()
    while true {
      skipBlanks()
      guard let byte = current else {
        if depth > 0 { throw failure }
        return result
      }
      if byte == 0x7d, depth > 0 {
        position += 1
        return result
      }
      try count()
      let name = try name()
      skipBlanks()
      switch current {
      case 0x7b:
        position += 1
        let section = try entries(depth: depth + 1)
        result.entries.append(.init(name: name, value: .section(section)))
      case 0x3d:
        position += 1
        result.entries.append(.init(name: name, value: try value(depth: depth + 1)))
      default: throw failure
      }
    }
  }

  private mutating func name() throws(LVMError) -> ByteString {
    let start = position
    while let byte = current, !ASCII.isBlank(byte), ![0x7b, 0x7d, 0x3d, 0x23, 0x22].contains(byte) {
      position += 1
    }
    guard position > start else { throw failure }
    return ByteString(text[start..<position])
  }

  private mutating func value(depth: Int) throws(LVMError) -> LVMValue {
    guard depth < LVMLimits.nestingMax else { throw .tooComplex }
    try count()
    skipBlanks()
    switch current {
    case 0x22: return .string(try string())
    case 0x5b:
      position += 1
      return .list(try list(depth: depth + 1))
    default: return .number(try number())
    }
  }

  private mutating func list(depth: Int) throws(LVMError) -> [LVMValue] {
    var result: [LVMValue] = []
    while true {
      skipBlanks()
      if current == 0x5d {
        position += 1
        return result
      }
      result.append(try value(depth: depth))
      skipBlanks()
      if current == 0x2c {
        position += 1
      } else if current != 0x5d {
        throw failure
      }
    }
  }

  /// A string in quotes; a backslash takes the next byte as it is.
  private mutating func string() throws(LVMError) -> ByteString {
    position += 1
    var result: [UInt8] = []
    while let byte = current {
      position += 1
      if byte == 0x22 { return ByteString(result) }
      if byte == 0x5c, let next = current {
        result.append(next)
        position += 1
      } else {
        result.append(byte)
      }
    }
    throw failure
  }

  /// A whole number; what follows a point is dropped, as no number that counts has one.
  private mutating func number() throws(LVMError) -> Int64 {
    let isNegative = current == 0x2d
    if isNegative { position += 1 }
    let start = position
    while let byte = current, ASCII.isDigit(byte) { position += 1 }
    guard let magnitude = Numbers.decimal(ByteString(text[start..<position])),
      let value = Int64(exactly: magnitude)
    else { throw failure }
    if current == 0x2e {
      position += 1
      while let byte = current, ASCII.isDigit(byte) { position += 1 }
    }
    return isNegative ? -value : value
  }
}
