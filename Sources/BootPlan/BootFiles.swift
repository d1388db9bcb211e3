// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes

/// What a chosen entry boots, with the place of every file.
public struct BootFiles<Device: BlockDevice> {
  /// The kernel.
  public let kernel: LocatedFile<Device>
  /// The files that the kernel gets as its module, in order: initial ramdisks, one after the
  /// other, or the modules of a list.
  public let initrds: [LocatedFile<Device>]
  /// The modules' command lines if the kernel gets a list of modules; nil for initial ramdisks.
  public let moduleCommandLines: [ByteString]?
  /// The kernel's command line: the menu's, until the host changes it.
  public var commandLine: ByteString

  /// The bytes of the kernel and of all other files. A size on a disk can be any number; no sum
  /// goes beyond 64 bits.
  public var byteCounts: (kernel: UInt64, ramdisks: UInt64) {
    var sum: UInt64 = 0
    for file in initrds { sum = Checked.sum(sum, file.byteCount) ?? .max }
    return (kernel.byteCount, sum)
  }

  /// Where each file is in the kernel's module, which ends with one of `hostByteCount` bytes that
  /// the host gave, if that is not 0. A size on a disk can be any number, so one beyond the guest's
  /// memory throws before it is used in a sum.
  public func moduleLayout(
    memoryByteCount: UInt64, hostByteCount: UInt64 = 0
  ) throws(BootError) -> ModuleLayout {
    var byteCounts = initrds.map { $0.byteCount }
    var commandLines = moduleCommandLines
    if hostByteCount > 0 {
      byteCounts.append(hostByteCount)
      commandLines?.append("")
    }
    switch ModuleLayout.make(
      byteCounts: byteCounts, commandLines: commandLines, byteCountMax: memoryByteCount)
    {
    case .fits(let layout): return layout
    case .tooLarge(let index):
      let isFile = index < initrds.count
      let name: ByteString = isFile ? initrds[index].name : "the host's ramdisk"
      throw BootError(
        .wrongRequest,
        "\(name): \(byteCounts[index] >> 20) MiB do not fit into the guest's memory of "
          + "\(memoryByteCount >> 20) MiB")
    }
  }

  /// The size in bytes of all initrds as one module.
  public func moduleByteCount(memoryByteCount: UInt64) throws(BootError) -> UInt64 {
    try moduleLayout(memoryByteCount: memoryByteCount).byteCount
  }
}

extension GuestEnvironment {
  /// Where everything is that an entry names. A unified kernel image stands for the kernel and the
  /// ramdisks in it, before the entry's own, and for its command line if the entry has no options.
  /// Throws the error of the first file that can't be read, or that is empty.
  ///
  /// As GRUB's loader for Xen has it, `linux` and `multiboot` are the same: what decides is whether
  /// `initrd` or `module` followed (decision 24).
  public func locate(_ target: BootTarget) throws(BootError) -> BootFiles<Device> {
    var kernel = try locateFilled(target.kernel)
    var commandLine = target.commandLine
    var initrds: [LocatedFile<Device>] = []
    if let unified = try UnifiedKernelFile(kernel) {
      let (profile, options) = UnifiedKernelFile<Device>.splitProfile(commandLine)
      kernel = try unified.kernel(profile: profile)
      initrds = unified.initrds(profile: profile)
      commandLine = options.isEmpty ? try unified.commandLine(profile: profile) : options
    } else if let argument = try kernel.verityArgument() {
      commandLine += commandLine.isEmpty ? argument : " \(argument)"
    }
    let hasList = initrds.isEmpty && target.initrds.isEmpty && !target.modules.isEmpty
    for name in target.initrds + target.modules.map({ $0.file }) {
      initrds.append(try locateFilled(name))
    }
    return BootFiles(
      kernel: kernel, initrds: initrds,
      moduleCommandLines: hasList ? target.modules.map { $0.commandLine } : nil,
      commandLine: commandLine)
  }

  /// The place of a file that is not empty. A full disk leaves empty files after an update, and
  /// without its initrd a kernel only panics.
  private func locateFilled(_ name: MenuFile) throws(BootError) -> LocatedFile<Device> {
    let file = try locate(name)
    guard file.byteCount > 0 else { throw BootError(.corrupt, "\(file.name): the file is empty") }
    return file
  }
}
