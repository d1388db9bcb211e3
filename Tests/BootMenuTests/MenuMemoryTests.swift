// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// What a menu's text may cost in memory: at most `MenuLimits.memoryPerTextByteMax` bytes a byte.
///
/// A piece of a script keeps a section of 16 bytes for each part of its grammar, in an array that
/// grows by half, so that at most 2.5 times as much is there for a moment; beside it the text is
/// there twice at most. An entry is some 500 bytes, whatever its language.
@Suite struct MenuMemoryTests {
  private static let textByteCount = 100_000

  /// As often as the text has room for it, with something around it.
  private static func text(_ part: String, _ before: String = "", _ after: String = "") -> String {
    let count = (textByteCount - before.count - after.count) / part.count
    return before + String(repeating: part, count: count) + after + "\nmenuentry A { linux /k }\n"
  }

  /// Pieces of one long line: a tree of the words of the first took 63 bytes a byte.
  @Test(arguments: [
    text("a ", "function f { echo ", "; }"), text("a;", "function f { ", "}"),
    text("if a;then b;fi;", "function f { ", "}"), text("a{b};", "function f { ", "}"),
    text("for i in;do a;done;", "function f { ", "}"), text("elif a;then b;", "if a;then b;", "fi"),
    text("while a;do b;done;", "function f { ", "}"), text("a{b{c{d{e}}}};", "function f { ", "}"),
    text("$a", "function f { echo ", "; }"), text("''", "function f { echo ", "; }"),
    text("\"$a\"", "function f { echo ", "; }"), text("function f { a; };"),
    text("else a;", "if true;then if a;then b;", "fi;fi"), text("a{if b;then c;fi};"),
  ])
  func longPiecesHaveFewSections(_ text: String) throws {
    let world = FakeEnvironment()
    _ = try? scriptMenu(text, in: world)
    let sectionByteCount = Int(world.work.count(of: .nodes)) * 16 * 5 / 2
    #expect(
      sectionByteCount + 2 * text.utf8.count < MenuLimits.memoryPerTextByteMax * text.utf8.count)
  }

  /// Entries of few bytes: 4096, and one more for each 64 bytes of text.
  @Test func tinyEntriesAreAsManyAsTheirTextAllows() throws {
    let limit = MenuLimits.shortEntryCountMax + Self.textByteCount / 64
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let file = MenuFile(device: "", path: "/menu")
    for (part, format) in [("title\n", MenuFormat.legacy), ("label a\n", .syslinux)] {
      let text = String(repeating: part, count: Self.textByteCount / part.utf8.count)
      let menu = try interpreter.menu(ByteString(text), file: file, format: format)
      #expect(menu.entries.count > limit - 16 && menu.entries.count <= limit)
      #expect(menu.warnings.map { $0.kind } == [.failed("too many entries")])
    }
    let line = "menuentry a{b}\n"
    let text = String(repeating: line, count: Self.textByteCount / line.utf8.count)
    #expect(
      throws: MenuError.tooLarge(
        place: MenuPlace(
          file: "/menu", line: MenuLimits.shortEntryCountMax + text.utf8.count / 64 + 1, column: 1),
        what: "too many entries")
    ) {
      try interpreter.menu(ByteString(text), file: file, format: .grub2)
    }
  }

  /// The memory of a text is asked for before it is read: too little is that menu's failure.
  @Test(arguments: [
    (MenuFormat.grub2, "/boot/grub/grub.cfg:1"), (.legacy, "/boot/grub/grub.cfg:1"),
    (.syslinux, "/boot/grub/grub.cfg:1"),
  ])
  func tooLittleMemoryIsAnErrorOfTheMenu(_ format: MenuFormat, _ place: String) {
    final class Full: WorkObserver {
      func look(at account: WorkAccount) -> WorkAccount.Order { .goOn }
      var freeByteCount: UInt64 { 1 << 20 }
    }
    let world = FakeEnvironment()
    world.work.renew(limit: WorkLimits.search)
    world.work.observer = Full()
    let text = ByteString(String(repeating: "# nothing\n", count: 20_000))
    let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
    let error = #expect(throws: MenuError.self) {
      try MenuInterpreter(environment: world).menu(text, file: file, format: format)
    }
    #expect(error?.message.text == "\(place): no memory for 2400000 bytes")
  }

  /// What a script makes of little text is limited as well.
  @Test func whatAScriptKeepsIsLimited() throws {
    let menu = try scriptMenu(
      """
      set x=\(String(repeating: "x", count: 60_000))
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do set v$i=$x; done
      \(String(repeating: "y", count: 60_000))
      menuentry t { true; }
      """)
    let large = MenuWarning.Kind.failed("set: variable too large")
    #expect(menu.warnings.map { $0.kind }.dropLast() == [large, large, large, large])
    #expect(menu.warnings.last?.message.text.hasPrefix("/boot/grub/grub.cfg:3:1: unknown") == true)
    #expect(menu.warnings.allSatisfy { $0.message.count < 1000 })
  }
}
