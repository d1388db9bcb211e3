// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport

/// `make fuzz-smoke`: damages the sample menus at random for a minute in all, a quarter for each
/// language. A trap ends it with a signal; a text that takes longer than `secondsMax` is a failure.
/// The seed is printed, and given as an argument it repeats a run.
@main
struct MenuFuzz {
  /// The longest that one text may take, in seconds.
  private static let secondsMax = 5.0
  /// The time for each language, in seconds.
  private static let secondsEach = 15.0
  private static let formats: [MenuFormat] = [.grub2, .legacy, .bls, .syslinux]

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count > 1 else {
      print("usage: menu-fuzz FOLDER [SEED]")
      exit(2)
    }
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : UInt64.random(in: 1..<1 << 32)
    print("seed \(seed)")
    let samples = texts(in: URL(fileURLWithPath: arguments[1]))
    guard !samples.isEmpty else {
      print("no samples in \(arguments[1])")
      exit(2)
    }
    var random = SplitMix(seed: seed)
    for format in formats {
      let end = Date().addingTimeInterval(secondsEach)
      var count = 0
      var slowest = 0.0
      while Date() < end {
        let text = random.damaged(samples)
        let start = Date()
        run(text, format)
        let seconds = Date().timeIntervalSince(start)
        slowest = max(slowest, seconds)
        if seconds > secondsMax {
          print("\(format): text \(count) took \(seconds) s")
          exit(1)
        }
        count += 1
      }
      print("\(format): \(count) texts, the slowest took \(Int(slowest * 1000)) ms")
    }
  }

  private static func texts(in folder: URL) -> [[UInt8]] {
    let names = FileManager.default.enumerator(atPath: folder.path)?.allObjects ?? []
    return names.compactMap { $0 as? String }.sorted().compactMap { name in
      FileManager.default.contents(atPath: folder.appendingPathComponent(name).path)
        .map { [UInt8]($0) }
    }.filter { !$0.isEmpty && $0.count < 1 << 20 }
  }

  /// Reads a menu and runs its first entries, as the loader would.
  private static func run(_ text: [UInt8], _ format: MenuFormat) {
    let file = MenuFile(device: "hd0", path: "/boot/grub/grub.cfg")
    let interpreter = MenuInterpreter(environment: FuzzWorld(text: ByteString(text)))
    // A directory of entries, each of them the text, beside loader.conf and grubenv of the same.
    if format == .bls, let menu = try? interpreter.bootLoaderMenu(devices: ["hd0,1"]) {
      run(menu, interpreter)
    }
    if let menu = try? interpreter.menu(ByteString(text), file: file, format: format) {
      run(menu, interpreter)
    }
    _ = EnvironmentBlock(ByteString(text))?.contents
  }

  private static func run(
    _ menu: Menu, _ interpreter: MenuInterpreter<FuzzWorld>, depth: Int = 0
  ) {
    _ = menu.fallbackSelections
    for password in menu.passwords { _ = try? interpreter.menu(behind: password, of: menu) }
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

/// A world where every file is the text itself, as long as there are not too many.
private final class FuzzWorld: MenuEnvironment {
  private let text: ByteString
  init(text: ByteString) { self.text = text }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    text.count <= byteCountMax ? text : nil
  }
  func kind(of file: MenuFile) -> MenuFileKind? {
    file.path.hasSuffix("/") ? .directory : .file(byteCount: UInt64(text.count))
  }
  func device(having key: SearchKey) -> ByteString? { "hd0,1" }
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool {
    for name: ByteString in ["a", "b.conf", "c.efi"] where !visit(name) { break }
    return true
  }
  func deviceNames() -> [ByteString] { ["hd0", "hd0,1"] }
  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool { true }
  func unifiedKernelTexts(of file: MenuFile) -> [UnifiedKernelText] {
    [UnifiedKernelText(osRelease: text, kernelRelease: text, commandLine: text, profile: text)]
  }
}

extension SplitMix {
  /// A text made of `samples`, with up to seven changes.
  fileprivate mutating func damaged(_ samples: [[UInt8]]) -> [UInt8] {
    var text = samples[below(samples.count)]
    if below(4) == 0 { text += samples[below(samples.count)] }
    for _ in 0...below(6) where !text.isEmpty {
      let place = below(text.count)
      let length = min(below(60), text.count - place)
      switch below(5) {
      case 0: text[place] = UInt8(below(256))
      case 1: text.removeSubrange(place..<place + length)
      case 2: text.insert(contentsOf: text[place..<place + length], at: below(text.count))
      case 3: text.insert(Array("{}$\"'\\;\n#=>*%".utf8)[below(13)], at: place)
      default: text.removeSubrange(place...)
      }
    }
    return text
  }
}
