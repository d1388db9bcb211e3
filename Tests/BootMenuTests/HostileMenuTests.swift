// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// Menus that ask for as much work as their limits allow. What they did is counted by the account,
/// never by a clock.
@Suite struct HostileMenuTests {
  /// What a menu comes to with the account of a whole search.
  private enum End: Equatable {
    case menu(warnings: [MenuWarning.Kind])
    case failed(MenuError)

    var error: MenuError? {
      guard case .failed(let error) = self else { return nil }
      return error
    }
  }

  private func end(
    _ text: String, _ format: MenuFormat = .grub2, in world: FakeEnvironment = FakeEnvironment(),
    limit: UInt64 = WorkLimits.search
  ) -> (end: End, work: WorkAccount) {
    world.work = WorkAccount(limit: limit)
    let paths: [ByteString] = ["/boot/grub/grub.cfg", "/boot/grub/menu.lst", "/syslinux.cfg"]
    let path = format == .grub2 ? paths[0] : format == .legacy ? paths[1] : paths[2]
    let file = MenuFile(device: "", path: path)
    do throws(MenuError) {
      let menu = try MenuInterpreter(environment: world)
        .menu(ByteString(text), file: file, format: format)
      return (.menu(warnings: menu.warnings.map { $0.kind }), world.work)
    } catch { return (.failed(error), world.work) }
  }

  private static let entry = "\nmenuentry A { linux /vmlinuz }\n"

  // MARK: Regular expressions

  @Test(arguments: [2, 2_000, 20_000])
  func quantifiersAfterOneAnotherAreOne(_ count: Int) throws {
    for sign in ["*", "+", "?", "*+", "?+*"] {
      let stack = String(repeating: sign, count: count)
      let script = "if regexp --set=1:x '^(a)\(stack)$' a; then echo \"yes $x\"; fi"
      #expect(try printed(script) == "yes a\n")
    }
  }

  @Test func expressionsThatNestTooDeeplyAreNamed() throws {
    let braces = String(repeating: "{1}", count: 300)
    let brackets = String(repeating: "(", count: 17) + String(repeating: ")", count: 17)
    let both = String(repeating: "(", count: 16) + "a" + String(repeating: ")*{1}{1}", count: 16)
    for pattern in ["a" + braces, brackets, both, String(repeating: "|", count: 600)] {
      let menu = try scriptMenu("regexp '\(pattern)' a" + Self.entry)
      #expect(menu.warnings.map { $0.kind } == [.failed("regexp: the expression is too large")])
    }
  }

  @Test func anExpressionThatTakesTooManyStepsIsNamed() throws {
    for (pattern, text) in [
      ("((a*)*)*b", String(repeating: "a", count: 200)),
      ("(.)*x", String(repeating: "a", count: 16_000)),
      (String(repeating: "()", count: 250) + "(.)*", String(repeating: "a", count: 16_000)),
    ] {
      let menu = try scriptMenu("regexp '\(pattern)' \(text)" + Self.entry)
      #expect(
        menu.warnings.map { $0.kind } == [.failed("regexp: the expression takes too many steps")])
    }
  }

  @Test func aLoopOfExpressionsEndsWhenTheWorkIsSpent() {
    let text = """
      set t=\(String(repeating: "a", count: 16_000))
      while true; do regexp '(.)*x' $t; done
      """ + Self.entry
    let limit = WorkLimits.search / 50
    let (end, work) = end(text, limit: limit)
    guard case .work(.spent, let place)? = end.error else {
      Issue.record("\(end)")
      return
    }
    #expect(place.line == 2)
    #expect(work.spent < limit + limit / 5)
    #expect(
      end.error?.message.text.hasPrefix(
        "/boot/grub/grub.cfg:2:16: too much work, given up after ") == true)
  }

  // MARK: Work

  private static let manyBytes = String(repeating: "ab", count: 2_000)

  /// Scripts that do much in few steps, each with what pays for most of it.
  private static let loops: [(script: String, kind: WorkKind)] = [
    ("while true; do true; done", .commands),
    ("for i in /d/*zzz /d/*a*b*c* /d/?????; do true; done", .matchSteps),
    ("if [ \(String(repeating: "-e /x ", count: 1_000))]; then true; fi", .nodes),
    ("if [ \(String(repeating: "! ", count: 5_000))]; then true; fi", .nodes),
    ("eval 'if true; then true; else true; fi; true {a}'", .textBytes),
    ("source /more", .textBytes),
    ("echo -n $b", .textBytes),
    ("for i in $b; do true; done", .textBytes),
    ("set c=$b$b$b", .textBytes),
    ("tr --set=c \(manyBytes) \(manyBytes) $b", .textBytes),
    ("load_env -f /grubenv; load_env -f /grubenv x y z", .textBytes),
    ("blscfg /entries", .textBytes),
    ("syslinux_source /sys.cfg", .textBytes),
    (
      "eval 'function f { \(String(repeating: "if false; then true; fi;", count: 50)) }'",
      .textBytes
    ),
    ("#\(String(repeating: "c", count: 5_000))\ntrue", .textBytes),
    ("set a\(String(repeating: "b", count: 500))=$v1; set d=$v999", .textBytes),
    ("search --file /nothing --hint=$b", .textBytes),
    ("setparams $b; shift; shift", .textBytes),
    ("! unknown\(String(repeating: "x", count: 300))", .textBytes),
  ]

  private static func world() -> FakeEnvironment {
    var files: [(String, String)] = [
      ("/more", String(repeating: "# nothing\n", count: 500)),
      (
        "/grubenv",
        "# GRUB Environment Block\n" + String(repeating: "a=b\nc=d\n", count: 500) + "###"
      ),
      ("/sys.cfg", String(repeating: "say x\n", count: 500) + "label a\nlinux /k\n"),
    ]
    for index in 0..<100 {
      files.append(("/d/name-\(index)-abc-abc-abc-abc-abc-zz", "x"))
      files.append(("/entries/e\(index).conf", "title \(index)\nlinux /k\noptions $v5 $none"))
    }
    return FakeEnvironment(files: files)
  }

  @Test(arguments: loops.indices) func everyLoopPays(_ index: Int) {
    let (script, kind) = Self.loops[index]
    let text = """
      set b="\(String(repeating: "x ", count: 200))"
      while true; do
      \(script)
      done
      """
    let limit = WorkLimits.search / 200
    let (end, work) = end(text, in: Self.world(), limit: limit)
    switch end.error {
    case .work(.spent, let place)?:
      #expect(place.line >= 1)
      // The last command may be over it: one is less than 10 ms.
      #expect(work.spent < limit + 10_000_000_000, "\(script)")
      #expect(work.count(of: kind) > 0, "\(script)")
    case .tooManySteps?, .tooLarge?: break  // The limits of one menu may come first.
    default: Issue.record("\(script.prefix(60)): \(end)")
    }
  }

  @Test func whatIsSpentIsSpentForTheNextEntry() throws {
    let world = FakeEnvironment()
    let loop = "for i in \(String(repeating: "a ", count: 500)); do true; done"
    let interpreter = MenuInterpreter(environment: world)
    let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
    let menu = try interpreter.menu(
      ByteString("menuentry A { linux /k; " + loop + " }"), file: file, format: .grub2)
    world.work = WorkAccount()
    _ = try interpreter.run(0, of: menu)
    world.work = WorkAccount(limit: world.work.spent / 2 * 3)
    _ = try interpreter.run(0, of: menu)
    let error = #expect(throws: MenuError.self) { try interpreter.run(0, of: menu) }
    guard case .work(.spent, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func workThatIsStoppedIsNamed() {
    final class Stop: WorkObserver {
      func look(at account: WorkAccount) -> WorkAccount.Order { .stop }
      var freeByteCount: UInt64 { .max }
    }
    let world = FakeEnvironment()
    world.work.renew(limit: WorkLimits.search)
    world.work.observer = Stop()
    let error = #expect(throws: MenuError.self) {
      try scriptMenu("while true; do true; done", in: world)
    }
    #expect(error?.message == "/boot/grub/grub.cfg:1:1: given up as asked")
  }

  // MARK: Other languages

  /// Each was quadratic, or took fifty bytes of memory a byte of text.
  @Test func linesOfOtherLanguagesAreGoneThroughOnce() {
    let cases: [(MenuFormat, String)] = [
      (.legacy, "title a\nkernel /k\n" + String(repeating: " \\\n", count: 20_000)),
      (.legacy, "title a\nkernel " + String(repeating: "--a ", count: 5_000) + "/k\n"),
      (.legacy, "set a=b\n" + String(repeating: "x %a%%a%%\n", count: 5_000) + "title a\n"),
      (.syslinux, "label a\ncom32 mboot.c32\nappend " + String(repeating: "- ", count: 30_000)),
      (.syslinux, "label a\ncom32 mboot.c32\nappend " + String(repeating: "a ", count: 30_000)),
      (.syslinux, "label a\ncom32 mboot.c32\nappend " + String(repeating: "--- ", count: 30_000)),
      (.syslinux, "label a\ncom32 ifcpu64.c32\nappend " + String(repeating: "a ", count: 30_000)),
      (.syslinux, String(repeating: "label a\ncom32 cmd.c32\nappend B\n", count: 2_000)),
    ]
    for (format, text) in cases {
      let world = FakeEnvironment()
      let (end, work) = end(text, format, in: world)
      guard case .menu = end else {
        Issue.record("\(text.prefix(40)): \(end)")
        continue
      }
      // No line is paid for more than a few times.
      #expect(work.spent < WorkLimits.search / 4, "\(text.prefix(40))")
      let file = MenuFile(device: "", path: "/x")
      guard
        let menu = try? MenuInterpreter(environment: world)
          .menu(ByteString(text), file: file, format: format)
      else { continue }
      _ = try? MenuInterpreter(environment: world).run(0, of: menu)
    }
  }

  @Test func everyLanguageEndsWhenTheWorkIsSpent() {
    for (format, line) in [
      (MenuFormat.legacy, "default 0\n"), (.syslinux, "say a\n"), (.grub2, "true\n"),
    ] {
      let (end, work) = end(String(repeating: line, count: 20_000), format, limit: 1_000_000_000)
      guard case .work(.spent, _)? = end.error else {
        Issue.record("\(format): \(end)")
        continue
      }
      #expect(work.spent > 1_000_000_000)
    }
    let world = FakeEnvironment()
    for index in 0..<200 {
      world.add("/loader/entries/e\(index).conf", "linux /k\nversion \(index)\n")
    }
    world.work = WorkAccount(limit: 50_000_000)
    let error = #expect(throws: MenuError.self) {
      try MenuInterpreter(environment: world).bootLoaderMenu(devices: [""])
    }
    guard case .work(.spent, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
