// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Commands of single distributions about partitions and subvolumes.
extension ScriptEvaluator {
  /// `gptprio.next -d VARIABLE -u VARIABLE [DISK]` of Container Linux and Flatcar: the partition
  /// that is to be started. What the command writes at once there, one try less, is written here
  /// when the entry boots.
  mutating func nextSlot(_ arguments: [ByteString]) -> ScriptResult {
    let options = CommandOptions(arguments, "set-device/d= set-uuid/u=")
    if let problem = options.problem { return .failed(problem) }
    guard let device = options.value("set-device"), let identifier = options.value("set-uuid")
    else { return .failed("-d and -u are required") }
    guard options.operands.count < 2 else { return .failed("unexpected arguments") }
    let name = ScriptContext.withoutBrackets(options.operands.first ?? root)
    let disk = ByteString(name.bytes.prefix { $0 != 0x2c })
    var taken: [ByteString] = []
    for variable in loader.savedVariables where variable.isTakenTry {
      taken.append(variable.file.device)
    }
    guard let slot = environment.nextSlot(ofDisk: disk, taken: taken) else {
      return .failed("no partition of (\(disk)) is to be started")
    }
    let partition: ByteString = "\(disk),gpt\(slot.number)"
    guard context.set(device, partition), context.set(identifier, slot.identifier) else {
      return .failed("too many variables")
    }
    if slot.takesTry {
      guard loader.savedVariables.count < MenuLimits.payloadCountMax else {
        return .failed("too many variables")
      }
      loader.savedVariables.append(.takenTry(of: partition))
    }
    return .status(0)
  }

  /// `btrfs-mount-subvol DEVICE DIRECTORY SUBVOLUME` of SUSE.
  func mountSubvolume(_ arguments: [ByteString]) -> ScriptResult {
    guard arguments.count >= 3 else { return .failed("device, directory and subvolume expected") }
    // Any word that is no device in brackets is the root device there.
    let device = MenuFile(arguments[0], root: root)?.device ?? root
    let directory = MenuFile(device: device, path: arguments[1])
    if let reason = environment.mountSubvolume(arguments[2], on: directory) {
      return .failed(reason)
    }
    return .status(0)
  }
}
