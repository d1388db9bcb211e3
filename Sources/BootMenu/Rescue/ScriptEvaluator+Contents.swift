// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator where Environment: RescueEnvironment {
  /// `cat FILE`: as much as one command's output may be.
  mutating func printFile(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    let file = try file(arguments.first { $0.bytes.first != 0x2d })
    let limit = MenuLimits.outputByteCountMax - menu.output.count - 128
    let text = try environment.bytes(of: file, at: 0, countMax: max(limit, 0))
    write(text)
    if text.count == limit { write("\n(the rest is not shown: over \(limit) bytes)\n") }
    return .status(0)
  }

  /// `cmp FILE FILE`: tells the first byte that differs, from 0.
  mutating func compare(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    let names = arguments.filter { $0.bytes.first != 0x2d }
    guard names.count == 2 else { throw RescueFailure("two files expected") }
    let first = try file(names[0])
    let second = try file(names[1])
    var offset: UInt64 = 0
    while offset < MenuLimits.rescueByteCountMax {
      try goOn()
      let count = MenuLimits.pieceByteCount
      let one = try environment.bytes(of: first, at: offset, countMax: count)
      let other = try environment.bytes(of: second, at: offset, countMax: count)
      if one != other {
        let same = zip(one.bytes, other.bytes).prefix { $0 == $1 }.count
        if same == min(one.count, other.count) {
          write("\(one.count < other.count ? first.name : second.name) ends")
        } else {
          write("they differ")
        }
        write(" at byte \(offset + UInt64(same))\n")
        return .status(1)
      }
      guard one.count == count else { return .status(0) }
      offset += UInt64(count)
    }
    throw RescueFailure("over \(MenuLimits.rescueByteCountMax >> 30) GiB")
  }

  /// `sha256sum FILE...`, as the tool of that name prints it.
  mutating func checksum(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    if arguments.isEmpty { throw RescueFailure("file name expected") }
    for name in arguments {
      let file = try file(name)
      var digits: [UInt8] = []
      for byte in try environment.sha256(of: file).bytes {
        Numbers.appendHexadecimal(UInt64(byte), digitCountMin: 2, to: &digits)
      }
      write("\(ByteString(digits))  \(name)\n")
    }
    return .status(0)
  }

  /// `blocklist FILE`: each part in sectors of 512 bytes where it is made of such, else in bytes.
  mutating func blockList(_ arguments: [ByteString]) throws(RescueFailure) -> ScriptResult {
    let file = try file(arguments.first)
    let parts = try environment.storedParts(of: file)
    for part in parts.prefix(MenuLimits.listedCountMax) {
      switch part.form {
      case .plain(let offset) where offset % 512 == 0:
        write("sector \(offset / 512) + \(part.byteCount / 512)")
        if part.byteCount % 512 != 0 { write(", and \(part.byteCount % 512) bytes") }
      case .plain(let offset): write("byte \(offset) + \(part.byteCount)")
      case .zeros: write("zeros \(part.byteCount)")
      case .inline: write("in the file system's own data: \(part.byteCount) bytes")
      case .packed: write("packed: \(part.byteCount) bytes")
      }
      write("\n")
    }
    if parts.count > MenuLimits.listedCountMax {
      write("and \(parts.count - MenuLimits.listedCountMax) parts more\n")
    }
    return .status(0)
  }
}
