// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// The menus of menus/ that are several files: `tree` is the root of a file system.
@Suite struct TreeMenuTests {
  static let device: ByteString = "hd0,gpt1"

  static let systems: [String] = {
    let folder = SampleMenuTests.folder
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent("\($0)/tree").path)
    }.sorted()
  }()

  @Test func thereAreTrees() { #expect(TreeMenuTests.systems.count >= 7) }

  @Test(arguments: TreeMenuTests.systems)
  func givesWhatIsExpected(_ system: String) throws {
    let result = TreeMenuTests.dump(try TreeMenuTests.files(system))
    let expected = SampleMenuTests.folder.appendingPathComponent("\(system)/expected.txt")
    if ProcessInfo.processInfo.environment["PVGRUB_RECORD"] == "1" {
      try result.write(to: expected, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: expected, encoding: .utf8) == result)
  }

  /// The files of a tree: their paths with what is in them.
  static func files(_ system: String) throws -> [(path: String, bytes: [UInt8])] {
    let root = SampleMenuTests.folder.appendingPathComponent("\(system)/tree").path
    var result: [(path: String, bytes: [UInt8])] = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: root).sorted() {
      guard let data = FileManager.default.contents(atPath: root + "/" + name) else { continue }
      result.append(("/" + name, Array(data)))
    }
    return result
  }

  /// The first menu among some files, in the order of the search, and what it boots.
  static func dump(_ files: [(path: String, bytes: [UInt8])]) -> String {
    let environment = FakeEnvironment(devices: [.init(name: device, label: "guest")])
    for (path, bytes) in files {
      let file = MenuFile(device: device, path: ByteString(path))
      environment.files.append((file, ByteString(bytes)))
    }
    let interpreter = MenuInterpreter(environment: environment)
    do throws(MenuError) {
      return MenuDump.dump(try menu(interpreter), interpreter)
    } catch {
      return "error \(error.message.text)\n"
    }
  }

  private static func menu(
    _ interpreter: MenuInterpreter<FakeEnvironment>
  ) throws(MenuError) -> Menu {
    for path in ConfigSearch.scripts + ConfigSearch.syslinux {
      let file = MenuFile(device: device, path: path)
      if interpreter.environment.kind(of: file) != nil { return try interpreter.load(file) }
    }
    return try interpreter.bootLoaderMenu(devices: [device])
  }
}
