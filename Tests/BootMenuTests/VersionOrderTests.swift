// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import BootMenu

/// Both orders of versions against the programs that they come from: rpm, and systemd-analyze.
@Suite struct VersionOrderTests {
  static let versions: [String] = [
    "1", "1.0", "1.00", "01", "1.0.0", "1.1", "1.10", "1.9", "2", "10", "1a", "a1", "a", "A", "ab",
    "1.a", "1a1", "1~rc1", "1.0~rc1", "1~", "~", "~1", "1^", "1^git1", "1.0^git1", "^", "1-1", "1-",
    "-1", "1.0-1", "1_0", "1..0", ".1", "6.8.0-31-generic", "6.8.0-9-generic", "5.14.0-427.el9",
    "5.14.0-427.13.1.el9_4", "6.9.0-0.rc1.20240327git.11.fc41", "6.9.0-1.fc41", "0-rescue",
    "6.8.5-301.fc40.x86_64~debug", "6.8.5-301.fc40.x86_64", "00000000000000000000000000000000001",
    "18446744073709551616", "18446744073709551617", "1.2.3.4.5", "1+2", "1 2", "é",
  ]

  /// The table, and seeded pairs of what versions are made of.
  static func pairs(seed: UInt64) -> [(String, String)] {
    var result: [(String, String)] = []
    for left in versions { for right in versions { result.append((left, right)) } }
    var random = SplitMix(seed: seed)
    let parts = ["0", "1", "9", "10", "a", "b", "Z", ".", "-", "~", "^", "_", "+", "rc", "el9"]
    func made() -> String {
      (0..<Int(random.next() % 7)).map { _ in parts[Int(random.next() % UInt64(parts.count))] }
        .joined()
    }
    for _ in 0..<3000 { result.append((made(), made())) }
    return result
  }

  @Test func packagesAreOrderedAsRpmDoes() throws {
    // rpm takes what follows a dash for a release, and an empty version for a mistake.
    let pairs = VersionOrderTests.pairs(seed: 7)
      .filter { !$0.0.isEmpty && !$0.1.isEmpty && !$0.0.contains("-") && !$0.1.contains("-") }
    var expected: [Int] = []
    for start in stride(from: 0, to: pairs.count, by: 500) {
      let some = pairs[start..<min(start + 500, pairs.count)]
      let script = some.map { "print(rpm.vercmp('\($0.0)','\($0.1)')..' ')" }
      expected += try output("rpm", ["--eval", "%{lua:\(script.joined(separator: " "))}"])
        .split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    }
    try #require(expected.count == pairs.count && pairs.count > 1500)
    for (pair, order) in zip(pairs, expected) {
      let found = PackageVersion.compare(ByteString(pair.0), ByteString(pair.1)).rawValue
      #expect(found == order, "\(pair.0) \(pair.1)")
    }
  }

  @Test func specificationVersionsAreOrderedAsSystemdDoes() throws {
    let all = VersionOrderTests.pairs(seed: 8)
    let pairs = all.indices.filter { $0 % 17 == 0 }.map { all[$0] }
      .filter { !$0.0.isEmpty && !$0.1.isEmpty }
    for pair in pairs {
      let line = try output("systemd-analyze", ["compare-versions", "--", pair.0, pair.1])
      let sign = line.dropFirst(pair.0.count + 1).first
      let order = sign == "<" ? -1 : sign == ">" ? 1 : 0
      let found = SpecificationVersion.compare(ByteString(pair.0), ByteString(pair.1)).rawValue
      #expect(found == order, "\(pair.0) \(pair.1)")
    }
  }

  /// The chain that the Version Format Specification gives as its example.
  @Test func theSpecificationsOwnExamplesHold() {
    let chain: [ByteString] = [
      "122.1", "123~rc1-1", "123", "123-a", "123-a.1", "123-1", "123-1.1", "123^post1", "123.a-1",
      "123.1-1", "123a-1", "124-1",
    ]
    for (older, newer) in zip(chain, chain.dropFirst()) {
      #expect(SpecificationVersion.compare(older, newer) == .older, "\(older.text) \(newer.text)")
      #expect(SpecificationVersion.compare(newer, older) == .newer)
    }
  }

  @Test func namesOfPackagesAreComparedPartByPart() {
    func order(_ left: ByteString, _ right: ByteString) -> VersionOrder {
      PackageName(left).compare(PackageName(right))
    }
    let machine: ByteString = "0123456789abcdef"
    #expect(order(machine + "-6.8.5-301.fc40", machine + "-6.8.10-300.fc40") == .older)
    #expect(order(machine + "-0-rescue", machine + "-4.0.0-1") == .older)
    #expect(order(machine + "-6.8.5-301.x86_64~debug", machine + "-6.8.5-301.x86_64") == .older)
    #expect(order("b-1-1", "a-2-2") == .newer)
    #expect(order("plain", "plain") == .same)
  }

  /// What a program prints.
  private func output(_ program: String, _ arguments: [String]) throws -> String {
    String(decoding: try HostTool.run([program] + arguments).output, as: UTF8.self)
  }
}
