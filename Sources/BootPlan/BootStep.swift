// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The steps of a boot before the point of no return, in order. Each can fail, and each must leave
/// a working menu; `selftest=fail:STEP` of the host makes it fail, to see that.
public enum BootStep: Int, CaseIterable, Sendable {
  /// The files' places on the disks.
  case locate
  /// Buffers for the kernel file.
  case buffers
  /// The kernel file is read.
  case read
  /// The kernel is unpacked.
  case decode
  /// A read fails while ramdisks are read beside the kernel: all is read once more, and the boot
  /// goes on.
  case readAhead
  /// The kernel's notes are understood.
  case notes
  /// Zeroed frames for what the kernel's file has no bytes for.
  case zeros
  /// The layout of the new domain.
  case plan
  /// Frames for the module.
  case moduleFrames
  /// The module is read.
  case module
  /// Frames for page tables, start_info and boot stack.
  case tableFrames
  /// The loader's tables for its last steps.
  case ownTables
  /// Which frame gets which number.
  case permutation
  /// The page tables are filled.
  case tables
  /// start_info is filled.
  case startInfo
  /// The trampoline is copied.
  case trampoline
  /// Xen checks the page tables.
  case pin
  /// The first disk is closed.
  case closeDisk
  /// Watches are ended.
  case unwatch
  /// xenstore's ring is emptied.
  case drain
  /// No page is granted any more.
  case grants

  /// The steps whose failure ends in the menu.
  public static var leadingToMenu: [BootStep] { allCases.filter { $0 != .readAhead } }

  /// The name of the step for the host.
  public var name: ByteString {
    switch self {
    case .locate: "locate"
    case .buffers: "buffers"
    case .read: "read"
    case .decode: "decode"
    case .readAhead: "read-ahead"
    case .notes: "notes"
    case .zeros: "zeros"
    case .plan: "plan"
    case .moduleFrames: "module-frames"
    case .module: "module"
    case .tableFrames: "table-frames"
    case .ownTables: "own-tables"
    case .permutation: "permutation"
    case .tables: "tables"
    case .startInfo: "start-info"
    case .trampoline: "trampoline"
    case .pin: "pin"
    case .closeDisk: "close-disk"
    case .unwatch: "unwatch"
    case .drain: "drain"
    case .grants: "grants"
    }
  }
}

/// Which step of each boot is to fail: one step a boot, then none.
public struct FailureSchedule: Equatable, Sendable {
  /// The most steps that one word can name.
  public static let stepCountMax = 256

  /// The steps of the boots to come, in order.
  public private(set) var steps: [BootStep] = []

  /// A schedule by the words after `fail:`: names of steps, or `all` for those that end in the
  /// menu, with commas between. Nil if a word is neither, or there are too many.
  public init?(_ words: ByteString) {
    for word in words.split(on: 0x2c) {
      if word == "all" {
        steps += BootStep.leadingToMenu
      } else if let step = BootStep.allCases.first(where: { $0.name == word }) {
        steps.append(step)
      } else {
        return nil
      }
      if steps.count > Self.stepCountMax { return nil }
    }
  }

  /// Takes the step that is to fail in the next boot; nil if none.
  public mutating func next() -> BootStep? { steps.isEmpty ? nil : steps.removeFirst() }
}
