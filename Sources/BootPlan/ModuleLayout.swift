// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a PV kernel's module is made of: files that each start on a page of their own, with zeros
/// between, and for kernels that get several modules a list of them in front.
///
/// Initial ramdisks need no list: the kernel's buffer format allows zeros between archives (Linux,
/// Documentation/driver-api/early-userspace/buffer-format.rst). The list is Xen's for
/// SIF_MULTIBOOT_MOD (xen/include/public/xen.h, `xen_multiboot_mod_list`), whose offsets count from
/// the module's start.
public struct ModuleLayout: Equatable, Sendable {
  /// What became of a wish for a layout.
  enum Outcome: Equatable {
    /// There is one.
    case fits(ModuleLayout)
    /// This file is the first that leaves the limit.
    case tooLarge(index: Int)
  }

  /// Bytes of one record of the list: start, end and command line, and four bytes of nothing.
  private static let recordByteCount = 16
  /// Offsets in the list have 32 bits.
  private static let listedByteCountMax = UInt64(UInt32.max)

  /// The list of modules with their command lines, from the module's start on; empty if there is
  /// none.
  public let list: [UInt8]
  /// Where each file starts, in bytes from the module's start: multiples of 4096.
  public let starts: [UInt64]
  /// The exact end of the last file.
  public let byteCount: UInt64

  /// Whether there is a list.
  public var hasList: Bool { !list.isEmpty }

  /// Those of the module's `frames` that the file `index` of `byteCount` bytes is read into.
  public func frames(
    ofFile index: Int, byteCount: UInt64, in frames: [UInt64]
  ) -> ArraySlice<UInt64> {
    let first = Int(starts[index] / 4096)
    return frames[first..<first + Int((byteCount + 4095) / 4096)]
  }

  /// Lays out files of `byteCounts` bytes.
  static func make(
    byteCounts: [UInt64], commandLines: [ByteString]?, byteCountMax: UInt64
  ) -> Outcome {
    let limit = commandLines == nil ? byteCountMax : min(byteCountMax, listedByteCountMax)
    var end: UInt64 = 0
    if let commandLines {
      end = UInt64((commandLines.count + 1) * recordByteCount)
      for line in commandLines { end += UInt64(line.count + 1) }
    }
    var starts: [UInt64] = []
    for (index, byteCount) in byteCounts.enumerated() {
      guard let start = Checked.roundedUp(end, toMultipleOf: 4096),
        let next = Checked.sum(start, byteCount), next <= limit
      else { return .tooLarge(index: index) }
      starts.append(start)
      end = next
    }
    let list = commandLines.map { self.list(starts: starts, byteCounts: byteCounts, lines: $0) }
    return .fits(ModuleLayout(list: list ?? [], starts: starts, byteCount: end))
  }

  /// The records, one of zeros to end them, and the command lines. GRUB has the same; its records
  /// tell the byte after each module, PV-GRUB's told the last one.
  private static func list(
    starts: [UInt64], byteCounts: [UInt64], lines: [ByteString]
  ) -> [UInt8] {
    var records: [UInt8] = []
    var texts: [UInt8] = []
    func append(_ value: UInt64) {
      for shift in [0, 8, 16, 24] as [UInt64] {
        records.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
    let textStart = (lines.count + 1) * recordByteCount
    for (index, line) in lines.enumerated() {
      append(starts[index])
      append(starts[index] + byteCounts[index])
      append(UInt64(textStart + texts.count))
      append(0)
      texts += line.bytes + [0]
    }
    return records + [UInt8](repeating: 0, count: recordByteCount) + texts
  }
}
