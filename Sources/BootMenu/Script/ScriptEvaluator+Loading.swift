// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// Runs a command that says what is to be booted. Files are not checked here: reading them
  /// gives a better error.
  @inline(never)
  mutating func load(_ command: ScriptCommand, _ arguments: [ByteString]) -> ScriptResult {
    if command == .boot {
      guard loader.target != nil || loader.chainloaded != nil else {
        return .failed("you need to load the kernel first")
      }
      loader.isBootRequested = true
      return .flow(.stopped)
    }
    if command == .initrd { return initrd(arguments) }
    let words = Array(arguments.drop { $0.hasPrefix("--") })
    guard let name = words.first else { return .failed("file name expected") }
    guard let file = MenuFile(name, root: root) else { return .failed("bad file name \(name)") }
    let commandLine = LoaderCommandLine.joined(words.dropFirst())
    switch command {
    case .linux:
      loader.target = BootTarget(kind: .linux, kernel: file, commandLine: commandLine)
    case .multiboot:
      loader.target = BootTarget(kind: .multiboot, kernel: file, commandLine: commandLine)
    case .module:
      guard let target = loader.target, target.modules.count < MenuLimits.payloadCountMax
      else { return .failed("you need to load the kernel first") }
      guard target.initrds.isEmpty else { return .failed("initrd already loaded") }
      loader.target?.modules.append(.init(file: file, commandLine: commandLine))
    default: return chainload(file, ScriptEvaluator.joined(Array(words.dropFirst())))
    }
    if command != .module {
      loader.chainloaded = nil
      let root = self.root
      loader.target?.root = root
    }
    return .status(0)
  }

  /// `chainloader FILE [OPTION]...`: a kernel for UEFI is started as `linux` does, with its options
  /// as command line, neither quoted nor escaped (GRUB, `loader/efi/chainloader.c`). Anything else
  /// is named when it is to be booted.
  private mutating func chainload(
    _ file: MenuFile, _ commandLine: ByteString
  ) -> ScriptResult {
    let program = environment.program(in: file)
    loader.target = nil
    loader.chainloaded = nil
    switch program {
    case .unifiedKernel, .kernel:
      var target = BootTarget(kind: .linux, kernel: file, commandLine: commandLine)
      target.root = root
      if program == .kernel { target.initrds = ScriptEvaluator.stubInitrds(commandLine, of: file) }
      loader.target = target
    case .other, nil:
      loader.chainloaded = file.name
      loader.isProgramChainloaded = program == .other
    }
    return .status(0)
  }

  /// The files of `initrd=` in a kernel's command line, which UEFI's Linux loads by itself from
  /// the kernel's device, with backslashes or slashes (Linux,
  /// Documentation/admin-guide/efi-stub.rst).
  private static func stubInitrds(_ commandLine: ByteString, of kernel: MenuFile) -> [MenuFile] {
    var files: [MenuFile] = []
    for bytes in WordSequence(commandLine) where files.count < MenuLimits.payloadCountMax {
      let word = ByteString(bytes)
      guard word.hasPrefix("initrd=") else { continue }
      let path = ByteString(word.dropFirst(7).bytes.map { $0 == 0x5c ? ASCII.slash : $0 })
      files.append(MenuFile(device: kernel.device, path: path))
    }
    return files
  }

  private mutating func initrd(_ arguments: [ByteString]) -> ScriptResult {
    guard let target = loader.target else { return .failed("you need to load the kernel first") }
    guard target.modules.isEmpty else { return .failed("modules already loaded") }
    guard !arguments.isEmpty else { return .failed("file name expected") }
    guard arguments.count <= MenuLimits.payloadCountMax else { return .failed("too many files") }
    var files: [MenuFile] = []
    for name in arguments {
      if name.hasPrefix("newc:") { return .failed("an archive made of files (newc:) is not known") }
      guard let file = MenuFile(name, root: root) else { return .failed("bad file name \(name)") }
      files.append(file)
    }
    loader.target?.initrds = files
    return .status(0)
  }
}
