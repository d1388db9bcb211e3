// SPDX-License-Identifier: GPL-2.0-or-later
import CFuzz
import Foundation
import FuzzTargets
import TestSupport

/// What `tools/fuzz` runs: makes base images and seeds of a target, or feeds inputs to it, by
/// libFuzzer or one after the other.
@main
struct FuzzRunner {
  static func main() throws {
    let arguments = CommandLine.arguments
    switch arguments.count > 1 ? arguments[1] : "" {
    case "list": for target in FuzzTargets.all() { print(target.name) }
    case "limit" where arguments.count == 3: print(target(arguments[2]).byteCountMax)
    case "prepare" where arguments.count == 4: try prepare(target(arguments[2]), in: arguments[3])
    case "run" where arguments.count >= 4:
      let target = target(arguments[2])
      try use(target, in: arguments[3])
      Executions.run(FuzzMeter(target, folder: arguments[3]))
    default:
      print("usage: fuzz-runner list | limit NAME | prepare NAME FOLDER")
      print("     | run NAME FOLDER [FILE or libFuzzer's options]...")
      exit(2)
    }
  }

  private static func target(_ name: String) -> any FuzzTarget {
    guard let target = FuzzTargets.named(name) else {
      print("no target \(name)")
      exit(2)
    }
    return target
  }

  // MARK: Images and seeds

  private static func prepare(_ target: any FuzzTarget, in folder: String) throws {
    let files = FileManager.default
    for name in ["bases", "seeds", "corpus"] {
      try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    for recipe in target.recipes where paths(of: recipe, in: folder) == nil {
      let made = try recipe.make(data: try FuzzTargets.memberContents())
      for (index, path) in made.paths.enumerated() {
        try files.copyItem(atPath: path, toPath: file(recipe, index, in: folder))
      }
    }
    try use(target, in: folder)
    for (index, seed) in target.seeds().enumerated() {
      try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seeds/\(index)"))
    }
  }

  private static func file(_ recipe: BaseRecipe, _ index: Int, in folder: String) -> String {
    "\(folder)/bases/\(recipe.fileName).\(index)"
  }

  private static func paths(of recipe: BaseRecipe, in folder: String) -> [String]? {
    let paths = (0..<max(1, recipe.memberCount)).map { file(recipe, $0, in: folder) }
    return paths.allSatisfy { FileManager.default.fileExists(atPath: $0) } ? paths : nil
  }

  private static func use(_ target: any FuzzTarget, in folder: String) throws {
    target.use(
      try target.recipes.map { recipe in
        guard let base = paths(of: recipe, in: folder).flatMap({ BaseImage(paths: $0) }) else {
          print("\(recipe.fileName) is missing: prepare")
          exit(2)
        }
        return base
      })
  }
}

/// Executions on a thread of their own.
private enum Executions {
  /// The stack of a domain.
  static let stackByteCount = 256 << 10

  nonisolated(unsafe) static var meter: FuzzMeter?

  static func run(_ meter: FuzzMeter) {
    self.meter = meter
    fuzz_on_small_stack(stackByteCount) { Executions.feedAll() }
  }

  private static func feedAll() {
    #if PVGRUB_FUZZ
      atexit { print(Executions.meter?.summary ?? "") }
      // The program's own name, then libFuzzer's arguments.
      var words = [strdup(CommandLine.arguments[0])]
      words += CommandLine.arguments.dropFirst(4).map { strdup($0) }
      words.append(nil)
      var count = Int32(words.count - 1)
      words.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        exit(
          LLVMFuzzerRunDriver(&count, &start) { data, size in
            let input = [UInt8](UnsafeBufferPointer(start: data, count: size))
            Executions.meter?.feed(input[...])
            return 0
          })
      }
    #else
      for path in CommandLine.arguments.dropFirst(4) {
        guard let data = FileManager.default.contents(atPath: path) else { continue }
        meter?.feed([UInt8](data)[...])
      }
      print(meter?.summary ?? "")
    #endif
  }
}
