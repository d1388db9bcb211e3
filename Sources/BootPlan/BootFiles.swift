// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes

/// What a chosen entry comes to, with every file's place known.
public struct BootFiles<Device: BlockDevice> {
  /// The kernel.
  public let kernel: LocatedFile<Device>
  /// The initial ramdisks, in the order in which the kernel gets them.
  public let initrds: [LocatedFile<Device>]
  /// The kernel's command line.
  public let commandLine: ByteString

  /// The size in bytes of all initrds as one module: each starts on a page of its own, and the
  /// kernel's buffer format allows the zeros between. A size on a disk can be any number, so one
  /// beyond the guest's memory throws before anybody reckons with it.
  public func moduleByteCount(memoryByteCount: UInt64) throws(BootError) -> UInt64 {
    var end: UInt64 = 0
    for file in initrds {
      guard let start = Checked.roundedUp(end, toMultipleOf: 4096),
        let next = Checked.sum(start, file.byteCount), next <= memoryByteCount
      else {
        throw BootError(
          .wrongRequest,
          "\(file.name): \(file.byteCount >> 20) MiB do not fit into the guest's memory of "
            + "\(memoryByteCount >> 20) MiB")
      }
      end = next
    }
    return end
  }
}

extension GuestEnvironment {
  /// Where everything is that an entry names. A unified kernel image stands for the kernel and the
  /// ramdisks in it, before the entry's own, and for its command line if the entry has no options.
  /// Throws what the first file that can't be had says,
  /// that an initrd is empty, or that the kernel is of a kind that nobody starts here.
  public func locate(_ target: BootTarget) throws(BootError) -> BootFiles<Device> {
    guard target.kind == .linux else {
      throw BootError(.unsupported, "multiboot kernels can't be started yet")
    }
    var kernel = try locate(target.kernel)
    var commandLine = target.commandLine
    var initrds: [LocatedFile<Device>] = []
    if let unified = try UnifiedKernelFile(kernel) {
      let (profile, options) = UnifiedKernelFile<Device>.splitProfile(commandLine)
      kernel = try unified.kernel(profile: profile)
      initrds = unified.initrds(profile: profile)
      commandLine = options.isEmpty ? try unified.commandLine(profile: profile) : options
    }
    for name in target.initrds {
      let file = try locate(name)
      // What a full disk leaves of an update; a kernel without it would only panic.
      guard file.byteCount > 0 else { throw BootError(.corrupt, "\(file.name): the file is empty") }
      initrds.append(file)
    }
    return BootFiles(kernel: kernel, initrds: initrds, commandLine: commandLine)
  }
}
