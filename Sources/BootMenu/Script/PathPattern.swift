// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A path with `*` and `?` in it, as a script has it in `for i in /boot/*.iso` (GRUB manual,
/// "Shell-like scripting"): a device may be in brackets in front, and may be a pattern too.
struct PathPattern<Environment: MenuEnvironment> {
  private let elements: [Wildcard]
  private let environment: Environment
  private let work: MenuWork

  /// A pattern whose wildcards stand at some places of a text, which is not longer than
  /// `MenuLimits.patternByteCountMax`; the others are plain.
  init(
    _ pattern: (text: ByteString, wildcards: [Int]), environment: Environment, work: MenuWork
  ) {
    self.environment = environment
    self.work = work
    var elements: [Wildcard] = []
    var next = 0
    for (index, byte) in pattern.text.bytes.enumerated() {
      if next < pattern.wildcards.count, pattern.wildcards[next] == index {
        elements.append(byte == 0x2a ? .any : .one)
        next += 1
      } else {
        elements.append(.byte(byte))
      }
    }
    self.elements = elements
  }

  /// The paths that exist, at most `MenuLimits.pathMatchCountMax`; a path without a device is
  /// on `root`. `isCut` is set if there are more.
  func matches(root: ByteString, isCut: inout Bool) -> [ByteString] {
    var found: [(name: ByteString, file: MenuFile)] = []
    var rest = elements[...]
    if rest.first == .byte(0x28), let close = rest.firstIndex(of: .byte(0x29)) {
      let device = rest[1..<close]
      rest = rest[(close + 1)...]
      let names =
        isPlain(device)
        ? [text(device)] : environment.deviceNames().filter { Wildcard.matches(device, $0, work) }
      for name in names { found.append(("(\(name))", MenuFile(device: name, path: ""))) }
      if rest.isEmpty { return found.map { $0.name } }
    } else {
      found = [("", MenuFile(device: root, path: ""))]
    }
    for component in rest.split(separator: .byte(ASCII.slash), omittingEmptySubsequences: true) {
      found = step(found, component, &isCut)
      if found.isEmpty { return [] }
    }
    return found.filter { work.pay(.commands) && environment.kind(of: $0.file) != nil }
      .map { $0.name }
  }

  private func step(
    _ places: [(name: ByteString, file: MenuFile)], _ component: ArraySlice<Wildcard>,
    _ isCut: inout Bool
  ) -> [(name: ByteString, file: MenuFile)] {
    var result: [(name: ByteString, file: MenuFile)] = []
    for place in places {
      var names = [text(component)]
      if !isPlain(component) {
        let directory = MenuFile(device: place.file.device, path: place.file.path + "/")
        let room = MenuLimits.pathMatchCountMax - result.count
        let found = environment.names(inDirectory: directory, limit: room) {
          $0 != "." && $0 != ".." && Wildcard.matches(component, $0, work)
        }
        names = found?.names ?? []
        if let found, found.leftOutCount > 0 { isCut = true }
      }
      for name in names {
        guard result.count < MenuLimits.pathMatchCountMax else {
          isCut = true
          break
        }
        guard work.pay(.textBytes, 2 * (place.name.count + name.count)) else { return [] }
        let path: ByteString = "\(place.file.path)/\(name)"
        result.append(("\(place.name)/\(name)", MenuFile(device: place.file.device, path: path)))
      }
    }
    return result
  }

  private func isPlain(_ pattern: ArraySlice<Wildcard>) -> Bool {
    !pattern.contains(.any) && !pattern.contains(.one)
  }

  private func text(_ pattern: ArraySlice<Wildcard>) -> ByteString {
    var result = ByteString()
    for case .byte(let byte) in pattern { result.append(byte) }
    return result
  }
}
