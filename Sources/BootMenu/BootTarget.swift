// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What an entry says is to be booted.
public struct BootTarget: Equatable, Sendable {
  /// How the kernel wants to be started.
  public enum Kind: Equatable, Sendable {
    /// A Linux kernel with command line and initial ramdisks.
    case linux
    /// A multiboot kernel with modules, such as the hypervisor of a dom0 entry.
    case multiboot
  }

  /// A module of a multiboot kernel.
  public final class Module: Equatable, Sendable {
    /// The file.
    public let file: MenuFile
    /// Its command line, without the file's name.
    public let commandLine: ByteString

    /// A module with its command line.
    public init(file: MenuFile, commandLine: ByteString) {
      self.file = file
      self.commandLine = commandLine
    }

    /// Whether it is the same file with the same command line.
    public static func == (left: Module, right: Module) -> Bool {
      left.file == right.file && left.commandLine == right.commandLine
    }
  }

  /// A value that an entry wants to be kept in an environment block until the next start.
  public final class SavedVariable: Equatable, Sendable {
    /// The environment block.
    public let file: MenuFile
    /// The variable.
    public let name: ByteString
    /// Its value; nil if it is to be removed.
    public let value: ByteString?

    /// A variable that is to be saved, or removed if it has no value.
    public init(file: MenuFile, name: ByteString, value: ByteString?) {
      self.file = file
      self.name = name
      self.value = value
    }

    /// One try less for a partition of a GPT, as `gptprio.next` wants it: in place of a file the
    /// partition alone is named.
    public static func takenTry(of partition: ByteString) -> SavedVariable {
      SavedVariable(file: MenuFile(device: partition, path: ""), name: "tries", value: nil)
    }

    /// Whether it is a try of a partition.
    public var isTakenTry: Bool { file.path.isEmpty && !file.device.isEmpty }

    /// Whether the same is wanted of the same environment block.
    public static func == (left: SavedVariable, right: SavedVariable) -> Bool {
      left.file == right.file && left.name == right.name && left.value == right.value
    }
  }

  /// How the kernel wants to be started.
  public var kind: Kind
  /// The kernel.
  public var kernel: MenuFile
  /// The kernel's command line as the menu has it. GRUB 2 itself puts `BOOT_IMAGE=` in front:
  /// `commandLineWithBootImage` does.
  public var commandLine: ByteString
  /// The device that was root when the kernel was named: paths without a device are on it.
  public var root: ByteString = ""
  /// The initial ramdisks, to be concatenated, each from a multiple of four bytes.
  public var initrds: [MenuFile] = []
  /// The modules of a multiboot kernel.
  public var modules: [Module] = []
  /// What the entry wants to be saved before it boots.
  public var savedVariables: [SavedVariable] = []

  /// A kernel to be booted.
  public init(kind: Kind, kernel: MenuFile, commandLine: ByteString) {
    self.kind = kind
    self.kernel = kernel
    self.commandLine = commandLine
  }

  /// The command line with `BOOT_IMAGE=` and the kernel's name in front, as GRUB 2 passes it.
  public var commandLineWithBootImage: ByteString {
    let image: ByteString = "BOOT_IMAGE=\(kernel.name)"
    return commandLine.isEmpty ? image : "\(image) \(commandLine)"
  }

  /// The Linux kernel and initial ramdisks among the modules of a hypervisor: the first module,
  /// and the others. Nil for other targets.
  public var linuxAmongModules: BootTarget? {
    guard kind == .multiboot, let first = modules.first else { return nil }
    var target = BootTarget(kind: .linux, kernel: first.file, commandLine: first.commandLine)
    target.initrds = modules.dropFirst().map { $0.file }
    target.savedVariables = savedVariables
    target.root = root
    return target
  }
}
