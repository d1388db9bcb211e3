// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// `regexp`, `test` and `probe`: the first two are compared with GRUB's own (grub-emu).
@Suite struct ScriptTextTests {
  private static let expressions: [(pattern: String, text: String)] = [
    ("(.*)-(.*)", "one-two-three"), ("^(a+)(b*)$", "aab"), ("x", "abc"), ("(z)?a", "a"),
    ("([0-9]+)\\.([0-9]+)", "vmlinuz-6.12"), ("^/boot/(.*)\\.iso$", "/boot/live.iso"),
    ("^/boot/(.*)\\.iso$", "/boot/live.img"), ("a|bc|d", "xbcx"), ("(a|ab)(c|bcd)", "abcd"),
    ("[^/]+$", "/a/b/c"), ("a{2,3}", "caaaat"), ("[[:digit:]]+", "ab12"), ("^$", ""),
    ("^.{3}$", "abc"), ("(()", "x"), ("[a-c]x", "bx"), ("\\.", "a.b"), ("(a)(b)?(c)", "ac"),
    ("^hd([0-9]),(gpt|msdos)([0-9]+)$", "hd0,gpt12"), ("UPPER", "upper"), ("a+?", "aa"),
  ]

  /// A script that says whether each expression matches, and its first two groups.
  private static let script: String = expressions.map { pattern, text in
    """
    unset a
    unset b
    if regexp --set=1:a --set 2:b '\(pattern)' '\(text)'; then echo "yes [$a] [$b]"
    elif regexp --set a '\(pattern)' '\(text)'; then echo "one [$a]"
    elif regexp '\(pattern)' '\(text)'; then echo "plain"
    else echo no; fi

    """
  }.joined()

  @Test func expressionsMatchAsInGrub() throws {
    let expected = try #require(try GrubOracle.printed(Self.script))
    #expect(expected.count == Self.expressions.count)
    let own = GrubOracle.lines(try printed(Self.script))
    #expect(own.count == expected.count)
    for (index, line) in own.enumerated() where index < expected.count {
      let (pattern, text) = Self.expressions[index]
      #expect(line == expected[index], "\(pattern) in \(text)")
    }
  }

  @Test(arguments: [
    ("regexp x", "regexp: two arguments expected"),
    ("regexp '(' x", "regexp: a bracket is not closed"),
    ("regexp '*' x", "regexp: nothing to repeat"),
    ("regexp --set=:a x x", "regexp: bad group in :a"),
    ("regexp --sat=a x x", "regexp: unknown option --sat"),
    ("regexp --set=0: x x", "regexp: variable name expected"),
  ])
  func regexpSaysWhatIsWrong(_ line: String, _ complaint: String) throws {
    let menu = try scriptMenu("\(line)\nmenuentry end { linux /k }")
    #expect(menu.warnings.map { $0.kind } == [.failed(ByteString(complaint))])
  }

  private static let tests = [
    "a = a", "a == b", "a != b", "a '<' b", "b '<=' b", "b '>' a", "a '>=' b", "10 -eq 10",
    "10 -ne 10", "9 -lt 10", "9 -le 9", "9 -gt 10", "10 -ge 10", "3 -pgt 2", "a1 -plt a2",
    "vm-10 -pgt vm-9", "-z ''", "-n ''", "! -n x", "x", "''", "! x", "! ''", "a = a -a b = c",
    "a = b -o c = c", "a = a -o b = c -a d = e", "'(' a = a ')'", "! '(' a = b ')'",
    "'(' a = b -o c = c ')' -a x", "-e /none", "-f /none", "-d /none", "-s /none", "0x10 -eq 16",
    "010 -eq 8", "-1 -lt 0", "'' -eq 0", "x -eq 0", "/none -nt /nil", "/none -ot /nil",
    "! ! x", "-a", "-o", "a = a b = b", "a = b c = c", "'('", "')'", "x -a", "-o x",
  ]

  @Test func operatorsOfTestAreThoseOfGrub() throws {
    let script = Self.tests.map { "test \($0)\necho \"$?\"\n" }.joined()
    let expected = try #require(try GrubOracle.printed(script))
    #expect(expected.count == Self.tests.count)
    let own = GrubOracle.lines(try printed(script))
    for (index, test) in Self.tests.enumerated() where index < min(own.count, expected.count) {
      #expect(own[index] == expected[index], "test \(test)")
    }
    #expect(own.count == expected.count)
  }

  @Test func probeAsksAboutADevice() throws {
    let environment = FakeEnvironment(devices: [
      .init(name: "hd0,gpt2", uuid: "1234-abcd", label: "root", partitionUUID: "5678")
    ])
    let script = """
      set root=hd0,gpt2
      probe --set=a --fs-uuid $root
      probe -u (hd0,gpt2) --set b
      probe --set=c -l ($root)
      probe --part-uuid --set d $root
      probe --driver $root
      probe --fs --set e hd7
      echo "[$a] [$b] [$c] [$d] [$e] $?"
      """
    let answer = try printed(script, in: environment)
    #expect(answer == "fake\n[1234-abcd] [1234-abcd] [root] [5678] [] 1\n")
    let menu = try scriptMenu(
      "probe --fs\nprobe hd0\nprobe --frob hd0\nprobe -f hd7\nmenuentry e { linux /k }",
      in: environment)
    #expect(
      menu.warnings.map { $0.kind } == [
        .failed("probe: what of which device?"), .failed("probe: what of which device?"),
        .failed("probe: unknown option --frob"), .failed("probe: nothing is known of hd7"),
      ])
  }

  /// What live media and sticks with many systems write.
  @Test func constructsOfRealMenus() throws {
    let script = """
      set title=$"Install it"
      function any_exists {
        if [ $# -gt 0 ]; then
          for file in "$@"; do if [ -e "$file" ]; then return 0; fi; done
        fi
        return 1
      }
      for var in title other; do
        export $var
      done
      if any_exists /iso/*.iso; then
        menuentry "$title" { #a comment
          linux /k
        }
      fi
      submenu "more"{
        menuentry $"inner" --class x {linux /i; }
      }
      """
    let menu = try scriptMenu(script, in: FakeEnvironment(files: [("/iso/a.iso", "x")]))
    #expect(menu.entries.map { $0.title } == ["Install it", "more"])
    #expect(menu.warnings == [])
    #expect(try scriptMenu(script).entries.map { $0.title } == ["more"])
  }
}
