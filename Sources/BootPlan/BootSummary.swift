// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The last line of the loader before the kernel's first one.
public struct BootSummary: Equatable, Sendable {
  /// The kernel's file, with disk and file system.
  public var kernel: ByteString
  /// What kind of file that is, and how it is packed: `bzImage (xz)`; empty if unknown.
  public var kind: ByteString
  /// The bytes of the kernel file and of all other files.
  public var byteCounts: (kernel: UInt64, ramdisks: UInt64)
  /// The ramdisks or modules.
  public var ramdiskCount: Int
  /// How long reading and unpacking took.
  public var readNanoseconds: UInt64
  /// The time from the loader's start until now.
  public var totalNanoseconds: UInt64
  /// The kernel's command line.
  public var commandLine: ByteString

  /// A summary with all that the line has.
  public init(
    kernel: ByteString, kind: ByteString, byteCounts: (kernel: UInt64, ramdisks: UInt64),
    ramdiskCount: Int, readNanoseconds: UInt64, totalNanoseconds: UInt64, commandLine: ByteString
  ) {
    self.kernel = kernel
    self.kind = kind
    self.byteCounts = byteCounts
    self.ramdiskCount = ramdiskCount
    self.readNanoseconds = readNanoseconds
    self.totalNanoseconds = totalNanoseconds
    self.commandLine = commandLine
  }

  /// Two summaries with the same line are the same.
  public static func == (left: BootSummary, right: BootSummary) -> Bool { left.line == right.line }

  /// What was read, how it was packed, how fast, from where, and what starts after how long.
  public var line: ByteString {
    let (sum, overflow) = byteCounts.kernel.addingReportingOverflow(byteCounts.ramdisks)
    let byteCount = overflow ? .max : sum
    var result: ByteString =
      "Read \(Amount.megabytes(byteCount)) MB in \(Amount.seconds(readNanoseconds)) s"
    if let speed = Amount.speed(byteCount, nanoseconds: readNanoseconds) {
      result += " (\(speed) MB/s)"
    }
    result += ": \(kernel)"
    if !kind.isEmpty { result += ", \(kind)" }
    if ramdiskCount > 0 {
      result += ", and \(ramdiskCount) more file\(ramdiskCount == 1 ? "" : "s" as ByteString)"
    }
    return result + ". Starting after \(Amount.seconds(totalNanoseconds)) s: \(commandLine)"
  }
}
