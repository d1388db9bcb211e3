// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The variables that entries of Fedora and its kin use: `$kernelopts`, `$tuned_params`,
/// `$tuned_initrd`, `$ignition_firstboot` and whatever else is set.
struct EntryVariables {
  private let context: ScriptContext
  private let work: MenuWork

  /// The variables of a script.
  init(_ context: ScriptContext, _ work: MenuWork) {
    self.context = context
    self.work = work
  }

  /// The value of a variable; nil if it is not set.
  func value(_ name: ByteString) -> ByteString? { context.value(name) }

  /// `text` with its variables expanded, once. One that is not set becomes nothing, or stays as
  /// written. The result is cut at the limit of a command's arguments.
  func expanded(_ text: ByteString, keepsUnset: Bool) -> ByteString {
    let dollar: UInt8 = 0x24
    guard text.bytes.contains(dollar) else { return text }
    _ = work.pay(.textBytes, text.count)
    var result = ByteString()
    var rest = text.bytes[...]
    while let start = rest.firstIndex(of: dollar) {
      result.bytes += rest[..<start]
      let behind = rest[(start + 1)...]
      let isBraced = behind.first == 0x7b
      let name = behind.dropFirst(isBraced ? 1 : 0).prefix {
        ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5f
      }
      // `${` without a name and a closing brace is no variable.
      let isName = !name.isEmpty && (!isBraced || rest[name.endIndex...].first == 0x7d)
      let end = isName ? name.endIndex + (isBraced ? 1 : 0) : start + 1
      guard work.pay(.textBytes, context.variables.count / 4 + 32) else { return result }
      if isName, let value = context.value(ByteString(name)) {
        guard work.pay(.textBytes, value.count),
          result.count + value.count <= MenuLimits.argumentsByteCountMax
        else { return result }
        result += value
      } else if keepsUnset || !isName {
        result.bytes += rest[start..<end]
      }
      rest = rest[end...]
    }
    result.bytes += rest
    return result
  }
}
