// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A function of a script.
struct ScriptFunction: Sendable {
  /// Its name.
  var name: ByteString
  /// Its body: a copy, so that a text does not stay for one function of it.
  var body: ScriptCode
  /// Where the body starts in its text.
  var start: ScriptPosition
}

/// The variables and functions of a script at one moment. A menu keeps those at its end, and each
/// entry starts from them.
struct ScriptContext: Sendable {
  /// A variable.
  struct Variable: Sendable {
    /// Its name.
    var name: ByteString
    /// Its value.
    var value: ByteString
    /// Whether menus inside this one see it.
    var isExported: Bool
  }

  /// The variables, in the order in which they were first set.
  private(set) var variables: [Variable] = []
  /// The functions. They are seen by everything that runs later.
  private(set) var functions: [ScriptFunction] = []
  /// The length of all functions in bytes.
  private var functionByteCount = 0
  /// The length of all variables in bytes.
  private var byteCount = 0
  /// What only a boot knows.
  var unknown = UnknownVariables()

  /// The value of a variable; nil if it is not set.
  func value(_ name: ByteString) -> ByteString? {
    index(name).map { variables[$0].value }
  }

  /// Sets a variable. False if there are too many, or if the value is too long.
  mutating func set(_ name: ByteString, _ value: ByteString) -> Bool {
    guard value.count <= MenuLimits.variableByteCountMax,
      name.count <= MenuLimits.variableByteCountMax
    else { return false }
    let stored = name == "root" ? ScriptContext.withoutBrackets(value) : value
    let index = index(name)
    let sum = byteCount + stored.count - (index.map { variables[$0].value.count } ?? -name.count)
    guard sum <= MenuLimits.variablesByteCountMax else { return false }
    if let index {
      variables[index].value = stored
    } else {
      guard variables.count < MenuLimits.variableCountMax else { return false }
      variables.append(Variable(name: name, value: stored, isExported: false))
    }
    byteCount = sum
    return true
  }

  /// Removes a variable.
  mutating func unset(_ name: ByteString) {
    guard let index = index(name) else { return }
    byteCount -= variables[index].value.count + name.count
    variables.remove(at: index)
  }

  /// Shows a variable to the menus inside this one. An unset one becomes empty.
  mutating func export(_ name: ByteString) {
    if index(name) == nil, !set(name, "") { return }
    if let index = index(name) { variables[index].isExported = true }
  }

  /// Removes all variables that are not exported: what a menu inside this one starts from. The
  /// superusers stay, though GRUB would forget them: a menu inside a locked one is locked as well.
  mutating func keepExported() {
    variables.removeAll { !$0.isExported && $0.name != "superusers" }
    byteCount = variables.reduce(0) { $0 + $1.name.count + $1.value.count }
  }

  /// The function of a name.
  func function(_ name: ByteString) -> ScriptFunction? { functions.first { $0.name == name } }

  /// Takes over what another menu has defined: functions belong to no menu.
  mutating func takeFunctions(of other: ScriptContext) {
    functions = other.functions
    functionByteCount = other.functionByteCount
  }

  /// Defines a function, in place of one of the same name. False if there are too many.
  mutating func define(_ function: ScriptFunction) -> Bool {
    let index = functions.firstIndex { $0.name == function.name }
    let oldByteCount = index.map { functions[$0].body.text.count } ?? 0
    let byteCount = functionByteCount - oldByteCount + function.body.text.count
    guard byteCount <= MenuLimits.functionByteCountMax else { return false }
    if let index {
      functions[index] = function
    } else {
      guard functions.count < MenuLimits.functionCountMax else { return false }
      functions.append(function)
    }
    functionByteCount = byteCount
    return true
  }

  private func index(_ name: ByteString) -> Int? {
    variables.firstIndex { $0.name == name }
  }

  /// GRUB 2 takes `set root=(hd0)` for `set root=hd0`.
  static func withoutBrackets(_ value: ByteString) -> ByteString {
    guard value.count >= 2, value.bytes.first == 0x28, value.bytes.last == 0x29 else {
      return value
    }
    return ByteString(value.bytes[1..<(value.count - 1)])
  }
}

extension ScriptContext {
  /// What a GRUB 2 that runs in a PV guest finds set before it reads its menu.
  init(file: MenuFile, root: ByteString) {
    let directory = file.directory
    give("root", root)
    give("prefix", directory.name)
    give("grub_cpu", "x86_64")
    give("grub_platform", "xen")
    let features: ByteString = """
      chainloader_bpb ntldr platform_search_hint default_font_path all_video_module menuentry_id
      menuentry_options 200_final nativedisk_cmd timeout_style
      """
    for name in features.words { give("feature_\(name)", "y") }
    give("pager", "")
    setConfiguration(file)
  }

  /// Sets a variable that all menus see.
  private mutating func give(_ name: ByteString, _ value: ByteString) {
    _ = set(name, value)
    export(name)
  }

  /// Sets the variables that name the menu which is being read.
  mutating func setConfiguration(_ file: MenuFile) {
    give("config_file", file.name)
    give("config_directory", file.directory.name)
  }
}
