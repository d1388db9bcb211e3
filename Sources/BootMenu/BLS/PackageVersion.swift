// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The order of versions that rpm has, and GRUB's `blscfg` with it: runs of digits and runs of
/// letters are compared one by one, a number is newer than letters, `~` is older than the end and
/// `^` newer than the end, but older than anything else.
enum PackageVersion {
  /// How `left` stands to `right`.
  static func compare(_ left: ByteString, _ right: ByteString) -> VersionOrder {
    var one = VersionScanner(left)
    var two = VersionScanner(right)
    let tilde: UInt8 = 0x7e
    let caret: UInt8 = 0x5e
    while one.byte != nil || two.byte != nil {
      one.skip()
      two.skip()
      if one.byte == tilde || two.byte == tilde {
        if one.byte != two.byte { return .ofMarks(one.byte == tilde, two.byte == tilde) }
        one.advance()
        two.advance()
        continue
      }
      if one.byte == caret || two.byte == caret {
        if one.byte == nil { return .older }
        if two.byte == nil { return .newer }
        if one.byte != two.byte { return .ofMarks(one.byte == caret, two.byte == caret) }
        one.advance()
        two.advance()
        continue
      }
      guard let first = one.byte, two.byte != nil else { break }
      let order = segments(&one, &two, areNumbers: ASCII.isDigit(first))
      if order != .same { return order }
    }
    if one.byte == nil, two.byte == nil { return .same }
    return one.byte == nil ? .older : .newer
  }

  private static func segments(
    _ one: inout VersionScanner, _ two: inout VersionScanner, areNumbers: Bool
  ) -> VersionOrder {
    let left = areNumbers ? one.digits() : one.letters()
    let right = areNumbers ? two.digits() : two.letters()
    if right.isEmpty { return areNumbers ? .newer : .older }
    return areNumbers ? .ofNumbers(left, right) : .ofTexts(left, right)
  }
}

/// The name of an entry's file taken apart as a package's name is: `NAME-VERSION-RELEASE`.
struct PackageName {
  private let name: ByteString
  private let version: ByteString
  private let release: ByteString

  /// The parts of a file name without its `.conf`.
  init(_ text: ByteString) {
    let (front, release) = PackageName.split(text)
    let (name, version) = PackageName.split(front)
    self.name = name
    self.version = version
    self.release = release
  }

  private static func split(_ text: ByteString) -> (ByteString, ByteString) {
    guard let dash = text.bytes.lastIndex(of: 0x2d) else { return (text, "") }
    return (ByteString(text.bytes[..<dash]), ByteString(text.bytes[(dash + 1)...]))
  }

  /// How this one stands to another: by names, then versions, then releases.
  func compare(_ other: PackageName) -> VersionOrder {
    let names = PackageVersion.compare(name, other.name)
    if names != .same { return names }
    let versions = PackageVersion.compare(version, other.version)
    return versions != .same ? versions : PackageVersion.compare(release, other.release)
  }
}
