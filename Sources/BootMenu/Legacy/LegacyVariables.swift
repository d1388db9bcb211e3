// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The variables of grub4dos: `set name=value` and `%name%`.
enum LegacyVariables {
  /// Runs `set name=value`.
  static func set(_ assignment: ByteString, _ context: inout ScriptContext) {
    guard let equals = assignment.bytes.firstIndex(of: 0x3d), equals > 0 else { return }
    let name = ByteString(assignment.bytes[..<equals]).trimmed
    _ = context.set(name, ByteString(assignment.bytes[(equals + 1)...]).trimmed)
  }

  /// Pays for what `expanded` looks for; false if it is not to be done.
  static func pay(for text: ByteString, _ context: ScriptContext, _ work: MenuWork) -> Bool {
    if context.variables.isEmpty { return true }
    let count = text.bytes.reduce(0) { $1 == 0x25 ? $0 + 1 : $0 }
    return count == 0 || work.pay(.textBytes, count * (context.variables.count / 4 + 8))
  }

  /// A text with the values of its variables. What is not set stays as it is.
  static func expanded(_ text: ByteString, _ context: ScriptContext) -> ByteString {
    guard !context.variables.isEmpty, text.bytes.contains(0x25) else { return text }
    var result = ByteString()
    let parts = text.split(on: 0x25)
    var index = 0
    while index < parts.count {
      result += parts[index]
      guard index + 1 < parts.count else { break }
      if index + 2 < parts.count, let value = context.value(parts[index + 1]),
        result.count + value.count <= MenuLimits.variableByteCountMax
      {
        result += value
        index += 2
      } else {
        result.append(0x25)
        index += 1
      }
    }
    return result
  }
}
