// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Reads a configuration of syslinux, extlinux, isolinux or pxelinux (syslinux documentation,
/// "config.txt" and "menu.txt") with the files that it includes.
struct SyslinuxParser<Environment: MenuEnvironment> {
  /// What it says about itself.
  private(set) var settings = SyslinuxSettings()
  /// What was skipped.
  private(set) var warnings: [MenuWarning] = []

  /// The world.
  private let environment: Environment
  private let work: MenuWork
  /// The directory that names without a slash are in.
  private let directory: MenuFile
  /// The menus that are open, the outermost first: never empty.
  private var menus: [SyslinuxSubmenu]
  /// The label whose lines are being read.
  private var label: SyslinuxLabel?
  /// Whether the lines are a help text.
  private var isHelp = false
  /// The `MENU BEGIN`s that were too deep, and so are ignored with their ends.
  private var ignoredMenuCount = 0
  private var labelCount = 0
  private var textByteCount = 0
  private var includesLeft = MenuLimits.includeCountMax
  private var bytesLeft = MenuLimits.entryByteCountMax
  private var file: ByteString
  private let inIsolinux: Bool

  /// A parser for a configuration in a file; names without a slash are in a directory.
  init(environment: Environment, file: MenuFile, directory: MenuFile, work: MenuWork) {
    self.environment = environment
    self.work = work
    self.directory = directory
    self.file = file.name
    inIsolinux = SyslinuxText.isIsolinux(file)
    menus = [SyslinuxSubmenu(place: MenuPlace(file: file.name, line: 1))]
  }

  /// Reads a text, and gives the menu that it makes.
  mutating func parse(_ text: ArraySlice<UInt8>, line: Int = 1) -> SyslinuxSubmenu {
    read(text, line: line, depth: 0)
    finishLabel()
    while menus.count > 1 { closeMenu() }
    return menus[0]
  }

  /// Reads a text; it calls itself for what that includes, `MenuLimits.includeDepthMax` deep.
  private mutating func read(_ text: ArraySlice<UInt8>, line: Int, depth: Int) {
    bytesLeft -= text.count
    textByteCount += text.count
    guard work.pay(.textBytes, text.count) else { return }
    for line in SyslinuxLines(text, firstNumber: line) {
      if work.failure == nil { work.place = place(line) }
      guard work.pay(.nodes) else { return }
      if isHelp {
        if line.keyword == "endtext" { isHelp = false }
      } else {
        run(line, depth: depth)
      }
    }
  }

  private func place(_ line: SyslinuxLine) -> MenuPlace {
    MenuPlace(file: file, line: line.number, column: line.column)
  }

  private mutating func warn(_ kind: MenuWarning.Kind, _ place: MenuPlace) {
    let kind = kind.shortened
    if case .unknownCommand = kind, warnings.contains(where: { $0.kind == kind }) { return }
    guard warnings.count < MenuLimits.warningCountMax else { return }
    warnings.append(MenuWarning(place: place, kind: kind))
  }

  private mutating func run(_ line: SyslinuxLine, depth: Int) {
    switch line.keyword {
    case "label": beginLabel(line)
    case "menu": runMenu(line.inner, depth: depth)
    case "include": include(line.rest.firstWord.word, place(line), depth: depth)
    case "text": isHelp = line.rest.lowercased.hasPrefix("help")
    case "append":
      if label == nil {
        menus[menus.count - 1].append = line.rest
      } else {
        label?.append = line.rest
      }
    case "initrd":
      if label == nil { warn(.failed("INITRD outside of a label"), place(line)) }
      label?.initrd = line.rest
    default:
      if let kind = SyslinuxLabel.Kind(keyword: line.keyword) {
        name(kind, line)
      } else if !set(line), !SyslinuxKeywords.isQuiet(line.keyword) {
        warn(.unknownCommand(line.keyword), place(line))
      }
    }
  }

  /// Runs a line that is about the whole; false if it is none.
  private mutating func set(_ line: SyslinuxLine) -> Bool {
    let command = (text: line.rest, place: place(line))
    let number = SyslinuxParser.number(line.rest)
    switch line.keyword {
    case "default":
      // The name of a menu program is no entry; another line may name one.
      if SyslinuxModule(line.rest).isMenu {
        settings.hasMenu = true
      } else {
        settings.defaultCommand = command
      }
    case "ui": settings.hasMenu = true
    case "ontimeout": settings.onTimeout = command
    case "onerror": settings.onError = command
    case "timeout": if menus.count == 1 { settings.timeout = number }
    case "totaltimeout": if menus.count == 1 { settings.totalTimeout = number }
    case "prompt": settings.hasPrompt = number != 0
    case "implicit": settings.isImplicit = number != 0
    case "allowoptions": settings.allowsOptions = settings.allowsOptions && number != 0
    case "noescape": settings.allowsOptions = settings.allowsOptions && number == 0
    default: return false
    }
    return true
  }

  /// A number at the start of a text, as C's `atoi` reads it; zero if there is none.
  private static func number(_ text: ByteString) -> Int {
    let isNegative = text.bytes.first == 0x2d
    let digits = ByteString(text.bytes.dropFirst(isNegative ? 1 : 0).prefix { ASCII.isDigit($0) })
    guard let value = Numbers.decimal(digits), value <= 1 << 31 else { return 0 }
    return isNegative ? -Int(value) : Int(value)
  }
}

// MARK: Labels

extension SyslinuxParser {
  private mutating func beginLabel(_ line: SyslinuxLine) {
    finishLabel()
    label = SyslinuxLabel(name: line.rest, place: place(line))
  }

  private mutating func name(_ kind: SyslinuxLabel.Kind, _ line: SyslinuxLine) {
    guard label != nil else {
      warn(.failed("\(line.keyword) outside of a label"), place(line))
      return
    }
    label?.kind = kind
    label?.file = line.rest
    if let word = SyslinuxText.obstacle(kind, file: line.rest, inIsolinux: inIsolinux) {
      warn(.failed(word), place(line))
    }
  }

  /// Puts the label that is complete into its menu. A label without a file is the name of its file.
  private mutating func finishLabel() {
    guard var done = label else { return }
    label = nil
    if done.lead == .quit { return }
    // Past the limit the text is not even built: it may be long, with many labels.
    guard bytesLeft >= 0, labelCount <= MenuLimits.entryCountMax else { return }
    if done.kind == nil, !done.isHidden, done.lead == nil {
      done.kind = .byName
      done.file = done.name
    }
    done.append = done.append ?? menus[menus.count - 1].append
    if done.append == "-" { done.append = nil }
    add(.label(done), byteCount: done.source.count + done.title.count, done.place)
  }

  private mutating func add(_ item: SyslinuxSubmenu.Item, byteCount: Int, _ place: MenuPlace) {
    labelCount += 1
    bytesLeft -= byteCount
    guard bytesLeft >= 0,
      MenuLimits.hasRoom(entryCount: labelCount - 1, textByteCount: textByteCount)
    else {
      labelCount = MenuLimits.entryCountMax + 1
      warn(.failed("too many entries"), place)
      return
    }
    menus[menus.count - 1].items.append(item)
  }
}

// MARK: Menus

extension SyslinuxParser {
  private mutating func runMenu(_ line: SyslinuxLine, depth: Int) {
    switch line.keyword {
    case "label":
      if label != nil {
        label?.menuLabel = line.rest
      } else {
        menus[menus.count - 1].menuLabel = line.rest
      }
    case "title": menus[menus.count - 1].title = SyslinuxLabel.withoutKey(line.rest)
    case "default":
      if label != nil { label?.isDefault = true } else { menus[menus.count - 1].isDefault = true }
    case "hide": label?.isHidden = true
    case "disable", "disabled": label?.isHidden = true
    case "exit", "goto", "quit": label?.lead = SyslinuxLead(line)
    case "separator": finishLabel()
    case "begin": openMenu(line.rest, place(line))
    case "end": endMenu()
    case "start": menus[menus.count - 1].isStart = true
    case "hidden": settings.isHidden = true
    case "passwd": label?.password = line.rest
    case "master":
      let inner = line.inner
      if inner.keyword == "passwd" { settings.masterPassword = inner.rest }
    case "include":
      let (name, rest) = line.rest.firstWord
      guard !rest.isEmpty else { return include(name, place(line), depth: depth) }
      openMenu(rest.firstWord.word, place(line))
      include(name, place(line), depth: depth)
      endMenu()
    default:
      if !SyslinuxKeywords.isQuiet(menu: line.keyword) {
        warn(.unknownCommand("MENU \(line.keyword)"), place(line))
      }
    }
  }

  private mutating func openMenu(_ tag: ByteString, _ place: MenuPlace) {
    finishLabel()
    guard menus.count < MenuLimits.submenuDepthMax else {
      warn(.failed("menus nested more than \(MenuLimits.submenuDepthMax) deep"), place)
      ignoredMenuCount += 1
      return
    }
    var menu = SyslinuxSubmenu(place: place)
    menu.tag = tag
    menu.append = menus[menus.count - 1].append
    menus.append(menu)
  }

  private mutating func endMenu() {
    finishLabel()
    if ignoredMenuCount > 0 { ignoredMenuCount -= 1 } else { closeMenu() }
  }

  private mutating func closeMenu() {
    guard menus.count > 1 else { return }
    let menu = menus.removeLast()
    if menu.items.isEmpty { return }
    add(.submenu(menu), byteCount: menu.label.count, menu.place)
  }

  /// Reads another file as if its lines stood here.
  private mutating func include(_ name: ByteString, _ place: MenuPlace, depth: Int) {
    guard depth < MenuLimits.includeDepthMax, includesLeft > 0, bytesLeft > 0 else {
      return warn(.failed("INCLUDE \(name): too many files within files"), place)
    }
    includesLeft -= 1
    let found = SyslinuxText.file(name, in: directory)
    guard !name.isEmpty,
      let text = environment.contents(of: found, byteCountMax: MenuLimits.fileByteCountMax)
    else { return warn(.failed("INCLUDE \(name): can't be read"), place) }
    guard work.require(textByteCount: text.count) else { return }
    let outer = file
    file = found.name
    read(text.bytes[...], line: 1, depth: depth + 1)
    file = outer
  }
}
