// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
public import Bytes
import TestSupport

/// Menus of one language. The input is the text.
final class MenuTarget: FuzzTarget {
  let name: String
  let byteCountMax = 512
  private let format: MenuFormat

  static func all() -> [any FuzzTarget] {
    [
      MenuTarget("grub2", .grub2), MenuTarget("legacy", .legacy), MenuTarget("bls", .bls),
      MenuTarget("syslinux", .syslinux),
    ]
  }

  private init(_ name: String, _ format: MenuFormat) {
    self.name = name
    self.format = format
  }

  /// The sample menus, cut where they are too long.
  func seeds() -> [[UInt8]] { SampleTexts.pieces(byteCountMax: byteCountMax) }

  /// Reads a menu and runs its first entries, as the loader would.
  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    let text = ByteString(input)
    let interpreter = MenuInterpreter(environment: MirrorWorld(text: text, work: work))
    // A directory of entries, each of them the text, beside loader.conf and grubenv of the same.
    if format == .bls, let menu = try? interpreter.bootLoaderMenu(devices: ["hd0,1"]) {
      run(menu, interpreter)
    }
    let file = MenuFile(device: "hd0", path: "/boot/grub/grub.cfg")
    if let menu = try? interpreter.menu(text, file: file, format: format) {
      run(menu, interpreter)
    }
    if format == .grub2 { _ = EnvironmentBlock(text)?.contents }
  }

  private func run(
    _ menu: Menu, _ interpreter: MenuInterpreter<MirrorWorld>, depth: Int = 0
  ) {
    _ = menu.fallbackSelections
    for password in menu.passwords.prefix(2) {
      _ = try? interpreter.menu(behind: password, of: menu)
    }
    for index in menu.entries.indices.prefix(3) {
      _ = menu.lock(before: .edit(index: index), given: menu.passwords)
      if case .menu(let inner)? = try? interpreter.run(index, of: menu, isUnlocked: true).outcome,
        depth < 2
      {
        run(inner, interpreter, depth: depth + 1)
      }
    }
  }
}

/// `regexp` in a script: a pattern, a zero byte, and what it is compared with.
final class RegularExpressionTarget: FuzzTarget {
  let name = "regexp"
  let byteCountMax = 1024

  func seeds() -> [[UInt8]] {
    [
      ("^(hd|cd)([0-9]+),(msdos|gpt)?([0-9]*)$", "hd0,msdos1"), ("(a*)*b", "aaaaaaaaaaaaaaa"),
      ("[[:alpha:]]+[^-z]{2,5}", "vmlinuz-5.10"), ("(x+x+)+y", "xxxxxxxxxxxxxx"), ("a**", "a"),
      ("((((a{0,9}){0,9}){0,9}){0,9})", "aaaa"), ("\\(x\\)|.?[]a-z]", "]]"),
    ].map { Array($0.0.utf8) + [0] + Array($0.1.utf8) }
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    let end = input.firstIndex(of: 0) ?? input.endIndex
    let text = input[end...].dropFirst()
    var script = ByteString("if regexp -s one -s 2:two '")
    script += ByteString(input[..<end].filter { $0 != 0x27 })
    script += "' '"
    script += ByteString(text.filter { $0 != 0x27 && $0 != 0 })
    script += "'; then menuentry x {linux /$one}; fi"
    let interpreter = MenuInterpreter(environment: MirrorWorld(text: script, work: work))
    let file = MenuFile(device: "hd0", path: "/grub.cfg")
    _ = try? interpreter.menu(script, file: file, format: .grub2)
  }
}

/// A world where every file is the text itself, as often as `readCountMax`.
final class MirrorWorld: MenuEnvironment {
  /// A menu that reads itself goes on in itself.
  static let readCountMax = 3

  private let text: ByteString
  private var readCount = 0
  let work: WorkAccount

  init(text: ByteString, work: WorkAccount) {
    self.text = text
    self.work = work
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    readCount += 1
    return readCount <= Self.readCountMax && text.count <= byteCountMax ? text : nil
  }
  func kind(of file: MenuFile) -> MenuFileKind? {
    file.path.hasSuffix("/") ? .directory : .file(byteCount: UInt64(text.count))
  }
  func device(having key: SearchKey) -> ByteString? { "hd0,1" }
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool {
    let names: [ByteString] = ["a", "b.conf", "c.efi"]
    for name in names where !visit(name) { return true }
    return true
  }
  func deviceNames() -> [ByteString] { ["hd0", "hd0,1"] }
  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool { true }
  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    [UnifiedKernelText(osRelease: text, kernelRelease: text, commandLine: text, profile: text)]
  }
}
