// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct ScriptLanguageTests {
  @Test func quotesAndVariablesExpandAsInAShell() throws {
    #expect(try printed("set a='x y'\necho $a \"$a\" '$a' \\$a ${a}z") == "x y x y $a $a x yz\n")
    #expect(try printed("echo \"a\\n\\\"\\$b\\\\c\"") == "a\\n\"$b\\c\n")
    #expect(try printed("echo a\\ b  'c'\"d\"e") == "a b cde\n")
    #expect(try printed("echo $\"hello $ \" 5") == "hello $  5\n")
  }

  @Test func unquotedVariablesAreSplitAndVanishWhenEmpty() throws {
    let count = "function count { echo $# $1; }\n"
    #expect(try printed(count + "set v='a  b c'\ncount $v") == "3 a\n")
    #expect(try printed(count + "set v='a b'\ncount x$v\"$v\"") == "2 xa\n")
    #expect(try printed(count + "count $none") == "0\n")
    #expect(try printed(count + "count \"$none\" ''") == "2\n")
    #expect(try printed(count + "count a$none") == "1 a\n")
    #expect(try printed(count + "set v=' x y '; count a${v}b") == "2 ax\n")
  }

  @Test func separatorsCommentsAndJoinedLines() throws {
    #expect(try printed("echo a; echo b # echo c\n# echo d\necho e#f") == "a\nb\ne#f\n")
    #expect(try printed("echo a \\\n  b\\\nc") == "a bc\n")
    #expect(try printed("echo a\r\necho b\r\n") == "a\nb\n")
  }

  @Test func conditionsTakeTheFirstBranchThatHolds() throws {
    let script =
      "if false; then echo 1\nelif [ a = b ]; then echo 2; elif true\nthen echo 3\nelse echo 4; fi"
    #expect(try printed(script) == "3\n")
    #expect(try printed("if ! true; then echo a; else echo b; fi; echo $?") == "b\n0\n")
    #expect(try printed("if false; then echo a; elif insmod x; then echo b; fi") == "b\n")
    #expect(try printed("if true; then\n# nothing\ntrue\nfi; echo c") == "c\n")
  }

  /// Seen with grub-emu 2.06, as is everything in this suite that a shell would do differently.
  @Test func statusIsThatOfGRUB() throws {
    #expect(try printed("if unheardof; then echo a; else echo b; fi") == "a\n")
    #expect(try printed("! unheardof; echo $?; ! false; echo $?") == "0\n0\n")
    #expect(
      try printed("while false; do true; done; echo $?; for i in; do true; done; echo $?")
        == "1\n0\n")
    #expect(try printed("source /none; echo $?; if keystatus; then echo a; fi") == "0\n")
    #expect(try printed("false; [ ]; echo $?; [ -z $none ]; echo $?") == "0\n0\n")
    #expect(try printed("function f { return; }\nfalse\nf; echo $?") == "1\n")
  }

  @Test func wordsThatLeaveSomethingDoNothingOutside() throws {
    #expect(try printed("break; continue; return 5; echo after") == "after\n")
    #expect(
      try printed("function f { break; echo on; }\nfor i in 1 2; do f; done") == "on\non\n")
    #expect(try printed("setparams a b; shift; echo \"<$1>\" $#") == "<>\n")
  }

  @Test func echoKnowsItsOptions() throws {
    #expect(try printed("echo -n a; echo -e 'b\\tc\\n\\\\'; echo 'd\\t'") == "ab\tc\n\\\nd\\t\n")
  }

  @Test func loopsRunAndCanBeLeft() throws {
    #expect(try printed("for i in a 'b c' d; do echo $i; done") == "a\nb c\nd\n")
    #expect(
      try printed("set i=x\nwhile [ $i != xxx ]; do set i=x$i; echo $i; done") == "xx\nxxx\n")
    #expect(try printed("set i=x\nuntil [ $i = xxx ]\ndo set i=x$i\ndone; echo $i") == "xxx\n")
    #expect(
      try printed("for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done") == "1\n3\n")
    #expect(
      try printed("for i in 1 2; do for j in 1 2; do echo $i$j; break 2; done; done") == "11\n")
  }

  @Test func functionsHaveParametersAndAStatus() throws {
    #expect(
      try printed("function f { echo $1-$2-$#-$*; shift; echo $1; }\nf a b c") == "a-b-3-a b c\nb\n"
    )
    #expect(try printed("function f { return 3; echo no; }\nf; echo $?") == "3\n")
    #expect(try printed("function f { setparams x y; echo \"$@\"; }\nf a") == "x y\n")
    #expect(try printed("function insmod { echo mine; }\ninsmod a; echo") == "\n")
    #expect(try printed("function load_video { echo mine; }\nload_video") == "mine\n")
    #expect(try printed("function f\n{\n echo on its own line\n}\nf") == "on its own line\n")
  }

  @Test func assignmentsNeedNoCommand() throws {
    #expect(try printed("a=b; echo $a; a=; echo \"<$a>\"; set c=d=e; echo $c") == "b\n<>\nd=e\n")
    #expect(try printed("set a=b; unset a; echo \"<$a>\"") == "<>\n")
    #expect(try printed("set n=9; increment n; increment n; decrement m; echo $n $m") == "11 -1\n")
    #expect(try printed("eval 'set a=1; echo $a'; time echo x") == "1\nx\n")
    #expect(try printed("false; eval; echo $?") == "0\n")
    #expect(try printed("cmd=echo; $cmd built") == "built\n")
    #expect(try printed("set root=(hd0,1); echo $root") == "hd0,1\n")
  }

  @Test(arguments: [
    ("a = a", true), ("a == b", false), ("a != b", true), ("a '<' b", true), ("b '<=' a", false),
    ("b '>' a", true), ("a '>=' b", false), ("10 -gt 9", true), ("-1 -lt 0", true),
    ("0x10 -eq 16", true), ("2 -ne 2", false), ("2 -le 2", true), ("3 -ge 4", false),
    ("k-11 -pgt k-2", true), ("k-2 -plt k-11", true), ("-n ''", false), ("-z ''", true),
    ("-z '' -a -n y", true), ("-z x -a -n y", false), ("a = b -o c = c", true), ("! a = b", true),
    ("( a = b ) -o x", true),
    ("''", false), ("x", true), ("! insmod bli", false), ("", true), ("-f /a", true),
    ("-f /d", false), ("-d /d", true), ("-s /a", true), ("-s /empty", false), ("-e /none", false),
    ("-e (hd9)/a", false),
  ])
  func testComparesStringsNumbersAndFiles(_ expression: String, _ expected: Bool) throws {
    let environment = FakeEnvironment(files: [("/a", "x"), ("/empty", ""), ("/d/b", "y")])
    let script = "if [ \(expression) ]; then echo yes; else echo no; fi"
    #expect(try printed(script, in: environment) == (expected ? "yes\n" : "no\n"))
  }

  @Test func brokenStatementsAreSkippedAndNamed() throws {
    let menu = try scriptMenu(
      "echo a\nif true; then echo b }\nfi\necho c && echo d\n"
        + "echo ${x\necho e\nmenuentry t { true; }\n"
    )
    #expect(menu.output == "a\ne\n")
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/boot/grub/grub.cfg:2:22: unexpected }", "/boot/grub/grub.cfg:3:1: unexpected fi",
        "/boot/grub/grub.cfg:4:8: unexpected &",
        "/boot/grub/grub.cfg:5:7: $ without a name, or ${ without a name and }",
      ])
  }

  @Test func textThatEndsTooEarlyIsNamed() throws {
    for (text, message) in [
      ("if true; then echo a", "the text ends before fi"), ("echo 'a", "a quote is not closed"),
      ("echo \"a", "a quote is not closed"), ("function f {", "the text ends before }"),
      ("while true", "the text ends before do"), ("for", "the text ends before a name"),
    ] {
      let menu = try scriptMenu("menuentry t { true; }\n" + text)
      #expect(menu.warnings.first?.kind == .syntax(ByteString(message)))
    }
  }

  @Test func unknownCommandsAreNamedOnce() throws {
    let menu = try scriptMenu("frob a\nfrob b\nwibble\nmenuentry t { true; }")
    #expect(
      menu.warnings.map { $0.kind } == [.unknownCommand("frob"), .unknownCommand("wibble")])
  }
}
