// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// `regexp [--set [NUMBER:]VARIABLE]... PATTERN TEXT` (GRUB manual, "regexp"). Without a number
  /// it is the first group.
  @inline(never)
  mutating func regexp(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "set/s=")
    if let problem = options.problem { return .failed(problem) }
    guard options.operands.count == 2 else { return .failed("two arguments expected") }
    let text = options.operands[1]
    guard charge(byteCount: RegularExpression.stepCountMax / 64) else { return .flow(.stopped) }
    let match: [Range<Int>?]?
    do throws(RegularExpression.Failure) {
      match = try RegularExpression(options.operands[0]).firstMatch(in: text, work)
    } catch {
      noteFailure()
      return failure == nil ? .failed(error.message) : .flow(.stopped)
    }
    noteFailure()
    if failure != nil { return .flow(.stopped) }
    guard let groups = match else { return .status(1) }
    for given in options.given {
      var variable = given.value ?? ""
      var number = 1
      if let colon = variable.bytes.firstIndex(of: 0x3a) {
        guard let chosen = ScriptNumber.whole(ByteString(variable.bytes[..<colon])) else {
          return .failed("bad group in \(variable)")
        }
        number = chosen
        variable = ByteString(variable.bytes[(colon + 1)...])
      }
      guard !variable.isEmpty else { return .failed("variable name expected") }
      // A group that matched nothing, or that there is not, unsets it, as in GRUB.
      guard groups.indices.contains(number), let range = groups[number] else {
        context.unset(variable)
        continue
      }
      guard context.set(variable, ByteString(text.bytes[range])) else {
        return .failed("too many variables")
      }
    }
    return .status(0)
  }

  /// `tr [--set VARIABLE] [--upcase|--downcase] [FROM TO] [TEXT]` (GRUB, `commands/tr.c`): without
  /// a text the variable's is taken, and two sets count before the options.
  @inline(never)
  mutating func translate(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "set/s= upcase/U downcase/D")
    if let problem = options.problem { return .failed(problem) }
    let operands = options.operands
    guard operands.count <= 3 else { return .failed("too many arguments") }
    let variable = options.value("set") ?? ""
    let sets = operands.count > 1
    let given = operands.count % 2 == 1 ? operands.last : nil
    let isUp = options.has("upcase")
    let isDown = options.has("downcase")
    guard let text = given ?? context.value(variable), sets || isUp || isDown else {
      return .failed("too few arguments")
    }
    var result: [UInt8] = []
    if sets {
      let (from, to) = (operands[0].bytes, operands[1].bytes)
      guard from.count == to.count else { return .failed("sets of different lengths") }
      // What each byte becomes; of several the first counts.
      var table = [UInt8](UInt8.min...UInt8.max)
      for (index, byte) in from.enumerated().reversed() { table[Int(byte)] = to[index] }
      result = text.bytes.map { table[Int($0)] }
    } else {
      result = text.bytes.map { isDown ? ASCII.lowercased($0) : ASCII.uppercased($0) }
    }
    return give(ByteString(result), to: variable)
  }

  /// `read [--silent] VARIABLE`: nobody types while a menu is read, so the line is empty.
  @inline(never)
  mutating func readLine(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "silent/s")
    guard let variable = options.operands.first else { return .status(0) }
    return context.set(variable, "") ? .status(0) : .failed("too many variables")
  }

  /// `cmp FILE FILE`: success if both have the same contents.
  @inline(never)
  mutating func compareFiles(_ arguments: [ByteString]) -> ScriptResult {
    let names = arguments.filter { $0.bytes.first != 0x2d }
    guard names.count == 2 else { return .failed("two arguments expected") }
    var contents: [ByteString] = []
    for name in names {
      guard let file = MenuFile(name, root: root),
        let text = environment.contents(of: file, byteCountMax: MenuLimits.fileByteCountMax)
      else { return .failed("\(name) can't be read") }
      guard charge(byteCount: text.count) else { return .flow(.stopped) }
      contents.append(text)
    }
    return .status(contents[0] == contents[1] ? 0 : 1)
  }
}
