// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A place in the text of a script.
struct ScriptPosition {
  /// The bytes before it.
  var offset: Int
  /// The line, from one.
  var line: Int
  /// Where that line starts; before the text if the text starts inside of a line.
  var lineStart: Int

  /// The column, from one.
  var column: Int { offset - lineStart + 1 }
}

/// A part of a script that a statement runs or jumps over: a condition, a body, a block in braces,
/// or a whole statement. 16 bytes.
struct ScriptSection: Sendable {
  /// Where it starts.
  fileprivate(set) var start: Int32
  fileprivate var end: Int32 = 0
  fileprivate var endLine: Int32 = 0
  fileprivate var endLineStart: Int32 = 0
}

/// The sections of a piece of script, in the order of their starts. They are all that is kept of
/// the grammar: a menu's text may cost `MenuLimits.memoryPerTextByteMax` bytes a byte, and a tree
/// of its words takes many times as much. Words are taken apart when they are expanded.
struct ScriptSections: Sendable {
  private var all: [ScriptSection] = []

  /// How many there are.
  var count: Int { all.count }

  /// Begins a section; its number for `end`.
  @inline(never)
  mutating func begin(at offset: Int) -> Int {
    // Half of an array that has grown twofold would be empty, and the old one is there meanwhile.
    if all.count == all.capacity, all.count > 64 { all.reserveCapacity(all.count / 2 * 3) }
    all.append(ScriptSection(start: Int32(clamping: offset)))
    return all.count - 1
  }

  /// Ends a section.
  @inline(never)
  mutating func end(_ number: Int, at place: ScriptPosition) {
    guard all.indices.contains(number) else { return }
    all[number].end = Int32(clamping: place.offset)
    all[number].endLine = Int32(clamping: place.line)
    all[number].endLineStart = Int32(clamping: place.lineStart)
  }

  /// Forgets those after the first `count`.
  mutating func keep(_ count: Int) {
    if all.count > count { all.removeLast(all.count - count) }
  }

  /// Forgets all.
  mutating func clear() {
    if !all.isEmpty { all = [] }
  }

  /// Where the section ends that starts at an offset; nil if none does.
  @inline(never)
  func end(ofSectionAt offset: Int) -> ScriptPosition? {
    let index = first(from: offset)
    guard index < all.count, Int(all[index].start) == offset else { return nil }
    let found = all[index]
    return ScriptPosition(
      offset: Int(found.end), line: Int(found.endLine), lineStart: Int(found.endLineStart))
  }

  /// The sections inside of one, for its text that is cut out.
  func cut(_ range: Range<Int>) -> ScriptSections {
    var result = ScriptSections()
    let start = first(from: range.lowerBound + 1)
    result.all = Array(all[start..<max(start, first(from: range.upperBound))])
    let base = Int32(clamping: range.lowerBound)
    for index in result.all.indices {
      result.all[index].start &-= base
      result.all[index].end &-= base
      result.all[index].endLineStart &-= base
    }
    return result
  }

  /// The number of the first section that starts at an offset or after it.
  private func first(from offset: Int) -> Int {
    var low = 0
    var high = all.count
    while low < high {
      let middle = (low + high) / 2
      if Int(all[middle].start) < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A text of a script, and where the sections of a piece of it end.
struct ScriptCode: Sendable {
  /// The text, without carriage returns.
  var text: ArraySlice<UInt8>
  /// The sections.
  var sections: ScriptSections
}

extension ScriptLexer {
  /// Where a whole statement ends whose keyword is the present word; goes on after that.
  @inline(never)
  mutating func takeWhole(_ code: ScriptCode) -> ScriptPosition {
    let end = code.sections.end(ofSectionAt: ScriptParser.wholeStart(position))
    skipPlainWord()
    // There is one, as the text was checked.
    return end ?? ScriptPosition(offset: self.end, line: position.line, lineStart: self.end)
  }

  /// The section at the present place, and the word that ends it; goes on after that.
  @inline(never)
  mutating func takeSection(
    _ code: ScriptCode
  ) -> (start: ScriptPosition, end: Int, keyword: ScriptKeyword?) {
    let start = position
    let end = code.sections.end(ofSectionAt: start.offset)
    position = end ?? start
    let keyword = keywordHere()
    skipPlainWord()
    return (start, end?.offset ?? start.offset, keyword)
  }
}
