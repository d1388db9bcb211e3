// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The variables that entries of Fedora and its kin use: `$kernelopts`, `$tuned_params`,
/// `$tuned_initrd`, `$ignition_firstboot` and whatever else is set.
struct EntryVariables {
  private let context: ScriptContext

  /// The variables of a script.
  init(_ context: ScriptContext) { self.context = context }

  /// The value of a variable; nil if it is not set.
  func value(_ name: ByteString) -> ByteString? { context.value(name) }

  /// A text with the values of its variables. One that is not set becomes nothing, or is kept as it
  /// stands. A value is not looked through for further variables. What would grow beyond the limit
  /// of a command's arguments is cut.
  func expanded(_ text: ByteString, keepsUnset: Bool) -> ByteString {
    let dollar: UInt8 = 0x24
    guard text.bytes.contains(dollar) else { return text }
    var result = ByteString()
    var rest = text.bytes[...]
    while let start = rest.firstIndex(of: dollar) {
      result.bytes += rest[..<start]
      let name = rest[(start + 1)...].prefix {
        ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5f
      }
      rest = rest[(start + 1 + name.count)...]
      if !name.isEmpty, let value = context.value(ByteString(name)) {
        guard result.count + value.count <= MenuLimits.argumentsByteCountMax else { return result }
        result += value
      } else if keepsUnset || name.isEmpty {
        result.append(dollar)
        result.bytes += name
      }
    }
    result.bytes += rest
    return result
  }
}
