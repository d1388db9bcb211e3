// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Finds what a configuration's words about labels stand for: the default entry, and labels that
/// only choose another one.
struct SyslinuxChoice {
  /// The menu, with its labels resolved.
  private(set) var top: SyslinuxSubmenu
  /// The default entry as `Menu` names it: numbers with `>` between them.
  private(set) var defaultName: ByteString = ""
  /// What is tried when the default fails.
  private(set) var fallbackNames: [ByteString] = []
  /// What was skipped.
  private(set) var warnings: [MenuWarning] = []

  /// A label by its name, and where it is: an index in each menu.
  private struct Known {
    var name: ByteString
    var path: [Int]
  }

  private let settings: SyslinuxSettings
  private let isOptical: Bool
  private let work: MenuWork
  private var known: [Known] = []

  /// The choices of a menu on a device.
  init(
    _ top: SyslinuxSubmenu, settings: SyslinuxSettings, device: ByteString, _ work: MenuWork
  ) {
    self.top = top
    self.work = work
    self.settings = settings
    isOptical = device.hasPrefix("cd")
    collect(top, path: [])
  }

  private mutating func collect(_ menu: SyslinuxSubmenu, path: [Int]) {
    for (index, item) in menu.items.enumerated() {
      switch item {
      case .label(let label): known.append(Known(name: label.name, path: path + [index]))
      case .submenu(let inner): collect(inner, path: path + [index])
      }
    }
  }

  /// Finds the default, and replaces labels that stand for others.
  mutating func resolve() {
    resolveAliases()
    let start = chosenPath()
    defaultName = SyslinuxChoice.name(start)
    if let command = settings.onTimeout, let path = path(of: command) {
      defaultName = SyslinuxChoice.name(path)
      if path != start { fallbackNames.append(SyslinuxChoice.name(start)) }
    }
    if let command = settings.onError, let path = path(of: command) {
      fallbackNames.insert(SyslinuxChoice.name(path), at: 0)
    }
  }

  private static func name(_ path: [Int]) -> ByteString {
    var result = ByteString()
    for (depth, index) in path.enumerated() { result += depth == 0 ? "\(index)" : ">\(index)" }
    return result
  }

  /// `DEFAULT` wins over `MENU DEFAULT`, as in menu.c32; without both it is the first entry shown.
  private mutating func chosenPath() -> [Int] {
    if let command = settings.defaultCommand {
      if let path = path(of: command) { return path }
      if top.items.isEmpty, settings.isImplicit {
        addImplicit(command.text, command.place)
        return [0]
      }
      warn("no label \(command.text)", command.place)
    }
    return SyslinuxChoice.start(of: top)
  }

  /// The entry that a menu starts with.
  private static func start(of menu: SyslinuxSubmenu) -> [Int] {
    for (index, item) in menu.items.enumerated() {
      if case .submenu(let inner) = item, inner.isStart || inner.isDefault {
        return [index] + start(of: inner)
      }
    }
    var first: Int?
    var marked: Int?
    for (index, item) in menu.items.enumerated() {
      guard case .label(let label) = item else { continue }
      if label.isDefault { marked = index }
      if first == nil, !label.isHidden, label.lead == nil { first = index }
    }
    return [marked ?? first ?? 0]
  }

  /// The label that a command names: all of it, or its first word with options for it.
  private mutating func path(of command: (text: ByteString, place: MenuPlace)) -> [Int]? {
    if let found = find(command.text) { return found }
    let (name, options) = command.text.firstWord
    guard !options.isEmpty, let path = find(name), var label = label(at: path) else { return nil }
    label.append = ByteString.joined(label.append ?? "", options)
    replace(path, by: label)
    return path
  }

  private func find(_ name: ByteString) -> [Int]? {
    // All labels are looked at, twice.
    guard work.pay(.textBytes, 2 * known.count) else { return nil }
    if let exact = known.first(where: { $0.name == name }) { return exact.path }
    return known.first { SyslinuxChoice.isSame($0.name, name) }?.path
  }

  /// Whether two names differ in nothing but the case of letters.
  private static func isSame(_ left: ByteString, _ right: ByteString) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.bytes.indices
    where ASCII.lowercased(left.bytes[index]) != ASCII.lowercased(right.bytes[index]) {
      return false
    }
    return true
  }

  /// `DEFAULT` names a file where there is no label at all.
  private mutating func addImplicit(_ command: ByteString, _ place: MenuPlace) {
    var label = SyslinuxLabel(name: command, place: place)
    let (file, options) = command.firstWord
    label.kind = .byName
    label.file = file
    label.append = options
    top.items.append(.label(label))
  }

  private mutating func warn(_ what: ByteString, _ place: MenuPlace) {
    guard warnings.count < MenuLimits.warningCountMax else { return }
    warnings.append(MenuWarning(place: place, kind: .failed(what)))
  }
}

// MARK: Labels that stand for others

extension SyslinuxChoice {
  private mutating func resolveAliases() {
    var count = 0
    for entry in known {
      guard let label = label(at: entry.path), SyslinuxChoice.module(of: label).isChoice else {
        continue
      }
      count += 1
      guard count <= MenuLimits.aliasCountMax else {
        return warn("too many labels that stand for others", label.place)
      }
      // The label's menu is copied where it is replaced in it.
      guard work.pay(.textBytes, known.count) else { return }
      if let resolved = resolved(label) {
        replace(entry.path, by: resolved)
      } else {
        warn("\(label.file) \(label.append ?? ""): no such label", label.place)
      }
    }
  }

  private static func module(of label: SyslinuxLabel) -> SyslinuxModule {
    label.kind == .module || label.kind == .byName ? SyslinuxModule(label.file) : .none
  }

  /// A label with the lines of the one that it stands for; nil if there is none.
  private func resolved(_ label: SyslinuxLabel) -> SyslinuxLabel? {
    var result = label
    var options: ByteString = ""
    for _ in 0..<MenuLimits.aliasDepthMax {
      let module = SyslinuxChoice.module(of: result)
      guard module.isChoice else {
        result.append = ByteString.joined(result.append ?? "", options)
        return result
      }
      let arguments = ByteString.joined(
        result.file.firstWord.rest, result.append ?? "")
      let command = self.command(of: module, arguments)
      let (name, more) = command.firstWord
      guard let path = find(command) ?? find(name), let target = self.label(at: path) else {
        return nil
      }
      options = ByteString.joined(find(command) == nil ? more : "", options)
      result.kind = target.kind
      result.file = target.file
      result.initrd = target.initrd
      result.append = target.append
    }
    return nil
  }

  /// The command that a module chooses among its arguments.
  private func command(of module: SyslinuxModule, _ arguments: ByteString) -> ByteString {
    switch module {
    case .byVariant:
      // `-pxe- a -sys- b -iso- c`: ours is a disk, or an optical disk.
      let words = arguments.words
      for variant: ByteString in isOptical ? ["-iso-", "-sys-"] : ["-sys-", "-iso-"] {
        if let index = words.firstIndex(of: variant), index + 1 < words.count {
          return words[index + 1]
        }
      }
      return ""
    case .byProcessor:
      // `label64 -- label32`: ours has 64 bits.
      var first: ByteString = ""
      for word in WordSequence(arguments) {
        if word.elementsEqual([0x2d, 0x2d]) { break }
        if !first.isEmpty { first.append(ASCII.space) }
        first.bytes += word
      }
      return first
    default: return arguments
    }
  }

  private func label(at path: [Int]) -> SyslinuxLabel? {
    var menu = top
    for (depth, index) in path.enumerated() {
      guard menu.items.indices.contains(index) else { return nil }
      switch menu.items[index] {
      case .label(let label): return depth == path.count - 1 ? label : nil
      case .submenu(let inner): menu = inner
      }
    }
    return nil
  }

  private mutating func replace(_ path: [Int], by label: SyslinuxLabel) {
    SyslinuxChoice.replace(path[...], by: label, in: &top)
  }

  private static func replace(
    _ path: ArraySlice<Int>, by label: SyslinuxLabel, in menu: inout SyslinuxSubmenu
  ) {
    guard let index = path.first, menu.items.indices.contains(index) else { return }
    if path.count == 1 {
      menu.items[index] = .label(label)
    } else if case .submenu(var inner) = menu.items[index] {
      replace(path.dropFirst(), by: label, in: &inner)
      menu.items[index] = .submenu(inner)
    }
  }
}
