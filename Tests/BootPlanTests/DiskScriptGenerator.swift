// SPDX-License-Identifier: GPL-2.0-or-later
import TestSupport

/// Makes scripts at random that end and print what came of their commands: on the disk of
/// `GrubDifferentialTests`, whose files, labels and sectors they name.
struct DiskScriptGenerator {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  private static let files = [
    "/dir/a", "/dir/b", "/dir", "/dir/", "/none", "/boot/grub/grubenv", "/dir/v-1.10",
    "/dir/../dir/a",
    "/empty", "(hd0,msdos1)/dir/a", "(hd0,1)/dir/b", "(hd0,msdos2)/dir/a", "($root)/dir/a",
    "(hd9)/x",
    "/dir/a b", "//dir//a", "/link", "/dir/sub",
  ]
  private static let words = [
    "a", "b", "$x", "\"$x\"", "${y}", "'q q'", "\"m $y n\"", "x\\ y", "\"\"", "''", "$z", "5", "10",
    "-3", "v-1.2", "v-1.10", "\\$x", "010", "09", "0x10", "$1", "$#", "\"$@\"", "a=b", "--", "-n",
    "\"a;b\"", "a\\;b", "'$x'", "\"'\"", "\"\\\"\"",
  ]
  private static let lists = [
    "(hd0)2+1", "(hd0)2+1,3+1", "(hd0)3+2", "(hd0)4+1", "2+1", "(hd0)2+0", "(hd0)9999999+1",
    "(hd0)x+1",
    "(hd0)2", "(hd0,msdos2)0+1", "(hd0)0x2+1", "(hd0)2+1,", "(hd0)02+1",
  ]
  private static let texts = [
    "(hd0)2+1", "(hd0)2+1,3+1", "(hd0)3+2", "(hd0)4+1", "(hd0)2+0", "(hd0)9999999+1", "(hd0)x+1",
    "(hd0)0x2+1", "(hd0)2+1,", "(hd0)02+1", "(hd0)7+1",
  ]
  private static let environments = [
    "", "-f /boot/grub/grubenv", "--file /dir/env2", "--file=/dir/env2", "-f /none", "-f /dir/a",
    "-f (hd0)6+1", "-f (hd0)2+1", "-f", "-s", "--skip-sig -f /dir/env2", "-f /dir/full",
  ]
  private static let names = ["x", "y", "z", "saved_entry", "next_entry", "odd", "none"]

  /// A whole script: commands, and sometimes a menu with entries that print.
  mutating func script() -> String {
    var result = "root=hd0,msdos1\nprefix=(hd0,msdos1)/boot/grub\nx='v w'\ny=5\n"
    result += "function f { echo \"f $# $1\"; \(block()); }\n"
    for _ in 0..<(4 + random.below(5)) { result += statement(0) + "\n" }
    if random.below(3) == 0 { result += menu() } else { result += "echo \"end $x|$y|$z\"\nexit\n" }
    return result
  }

  /// What the last command came to. GRUB's numbers for errors are not ours.
  private static let status = "if [ $? = 0 ]; then s=yes; else s=no; fi"

  private mutating func pick(_ list: [String]) -> String { list[random.below(list.count)] }

  private mutating func some(_ list: [String], _ countMax: Int) -> String {
    (0..<random.below(countMax + 1)).map { _ in pick(list) }.joined(separator: " ")
  }

  private mutating func block() -> String {
    (0...random.below(2)).map { _ in command() }.joined(separator: "; ")
  }

  private mutating func statement(_ depth: Int) -> String {
    if depth > 2 { return "echo deep" }
    switch random.below(20) {
    case 0...1:
      var result = "if \(condition()); then \(inner(depth)); "
      if random.below(2) == 0 { result += "elif \(condition()); then \(inner(depth)); " }
      if random.below(2) == 0 { result += "else \(inner(depth)); " }
      return result + "fi; \(Self.status); echo $s"
    case 2...3:
      let list = random.below(2) == 0 ? some(Self.words, 3) : pick(Self.globs)
      return "for i in \(list); do echo \"<$i>\"; \(inner(depth)); done"
    case 4: return "for i in a aa; do while [ \"$i\" != '' ]; do i=; \(inner(depth)); done; done"
    case 5: return "until \(pick(["true", "[ -e /dir/a ]", "! false"])); do \(inner(depth)); done"
    case 6: return "f \(some(Self.words, 3)); \(Self.status); echo \"$s $#\""
    default: return command() + "\n" + Self.status + "; echo \"$s $x|$y|$z\""
    }
  }

  private mutating func inner(_ depth: Int) -> String {
    random.below(2) == 0 ? command() : statement(depth + 1)
  }

  private static let globs = [
    "/dir/*", "/dir/v-*", "(hd0,msdos1)/dir/?", "/d*/a", "/none*", "/*/a", "\"/dir/*\"", "'/dir/*'",
    "/dir/[ab]", "/dir/\\*", "/boot/*/grubenv", "(hd0,msdos1)/*/b", "dir/*", "$x*", "/dir/v*1?",
  ]

  private mutating func condition() -> String {
    switch random.below(5) {
    case 0: return pick(["true", "false", "! true", "! false", "test", "[ ]", "nosuch"])
    case 1: return test()
    case 2: return search()
    case 3: return "regexp \(pick(Self.patterns)) \(pick(Self.words))"
    default: return "[ \(pick(["-e", "-f", "-d", "-s"])) \(file()) ]"
    }
  }

  private mutating func file() -> String {
    random.below(5) == 0 ? pick(Self.lists) : pick(Self.files)
  }

  private mutating func test() -> String {
    var result = pick(["[", "test"])
    let closing = result == "[" ? " ]" : ""
    for index in 0...random.below(3) {
      if index > 0 { result += pick([" -a", " -o", "", " !"]) }
      switch random.below(6) {
      case 0: result += " \(pick(["-e", "-f", "-d", "-s", "-n", "-z"])) \(pick(Self.files))"
      case 1: result += " \(pick(Self.words)) \(pick(Self.operators)) \(pick(Self.words))"
      case 2: result += " \(pick(Self.files)) \(pick(["-nt", "-ot", "-nt100", "-ot5"])) /dir/b"
      case 3: result += " ( \(pick(Self.words)) = a )"
      case 4: result += " ! \(pick(["-z", "-n"])) \(pick(Self.words))"
      default: result += " \(pick(Self.words))"
      }
    }
    return result + closing
  }

  private static let operators = [
    "=", "==", "!=", "'<'", "'>='", "-eq", "-ne", "-lt", "-gt", "-le", "-ge", "-pgt", "-plt",
  ]
  private static let patterns = [
    "'^v-([0-9]+)'", "a", "'(.)(.)?'", "'^$'", "'[[:digit:]]+'", "'x|y'", "'q.q'", "'('", "'*'",
    "'^(v|a).*$'", "'\\.'",
  ]

  private mutating func search() -> String {
    var result = "search --set=w"
    for _ in 0...random.below(2) {
      result +=
        " "
        + pick([
          "--file", "-f", "--label", "-l", "--fs-uuid", "-u", "--no-floppy", "-n", "--set=z",
          "-s z",
          "--set", "--hint hd0,msdos1", "--hint=hd9",
        ])
    }
    let wanted = [
      "/dir/a", "guest", "01234567-89ab-cdef-0123-456789abcdef", "/none", "GUEST",
      "01234567-89AB-CDEF-0123-456789ABCDEF", "(hd0,msdos1)/dir/a", "/dir",
    ]
    return result + " " + pick(wanted)
  }

  private mutating func command() -> String {
    switch random.below(24) {
    case 0...2:
      return "echo \(pick(["", "", "-n", "-e", "-n -e", "-e -n", "--"])) \(some(Self.words, 4))"
        + pick(["", " '\\ta\\n'", " \"b\\\\c\""])
    case 3: return "\(pick(["set ", ""]))\(pick(["x", "y", "z"]))=\(pick(Self.words))"
    case 4:
      return pick(["unset x", "unset y z", "export x", "export none", "unset none", "set z="])
    case 5...6: return search()
    case 7...8:
      return
        "regexp \(pick(["", "--set=z", "-s z", "-s 2:z", "--set=1:x --set=2:y", "--set 0:z"])) "
        + "\(pick(Self.patterns)) \(pick(Self.words))"
    case 9...11:
      return "load_env \(pick(Self.environments)) \(some(Self.names, 2)); "
        + "echo \"$saved_entry|$next_entry|$odd\""
    case 12: return "list_env \(pick(Self.environments))"
    case 13:  // 2.06 saves in no list of blocks.
      let block = pick(Self.environments.filter { !$0.contains("(hd0)6") })
      return "save_env \(block) \(some(Self.names, 2))"
    case 14:
      return "probe \(pick(["--set=z", "-s z"])) "
        + "\(pick(["--fs", "-f", "--label", "-l", "--partmap", "-p"])) "
        + pick(["hd0,msdos1", "(hd0,msdos1)", "($root)", "hd0,msdos2", "hd9", "hd0,1"])
    case 15:
      return
        "\(pick(["source", "."])) \(pick(["/boot/grub/inner.cfg", "/none", "/dir/a", "(hd0)7+1"]))"
    case 16: return "configfile \(pick(["/boot/grub/inner.cfg", "/none", "(hd0)7+1"]))"
    case 17:
      return "cat \(pick(Self.texts + ["/dir/a", "/dir/b", "/none", "/link", "/empty"]))"
    case 18:
      return "tr \(pick(["--set=z", "-s z", ""])) "
        + pick([
          "-U abC", "--downcase AbC", "abc xyz cab", "ab xyz cab", "-U \"$x\"", "a b", "-D",
          "-U ab xy cab",
        ])
    case 19: return pick(["eval echo $x", "eval \"x=$y\"", "eval 'echo $y'", "eval"])
    case 20: return test()
    case 21:
      return pick(["setparams p 'q r'; echo $1", "shift", "break", "continue"])
    case 22:
      // 2.06 says yes whatever differs.
      return "cmp \(pick(Self.files)) \(pick(Self.files)); true"
    default: return pick(["true", "false", "nosuch a", "insmod none", "boot", "read", "sleep 0"])
    }
  }

  private mutating func menu() -> String {
    var result =
      "timeout=0\ndefault=\(pick(["0", "1", "two", "'2>0'", "'T>1'", "9", "$z", "sub", "''"]))\n"
    let options = [
      "", "--class a --class b", "--id two", "--hotkey=k", "--unrestricted", "--users ''",
      "$menuentry_id_option two", "--id=sub", "--bogus",
    ]
    for title in ["one", "'t t'"] {
      result +=
        "menuentry \(title) \(pick(options)) \(some(["p", "'q r'", "$x"], 2)) "
        + "{\necho \"$1,$2,$# $chosen $default\"\n\(statement(1))\nexit\n}\n"
    }
    result += "export y\nsubmenu T \(pick(options)) arg {\necho sub $# $2 \"$x|$y\"\n"
    for title in ["in", "out"] {
      result += "menuentry \(title) { echo \"$chosen|$x|$y\"; \(command()); exit; }\n"
    }
    return result + "}\n"
  }
}
