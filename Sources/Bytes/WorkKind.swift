// SPDX-License-Identifier: GPL-2.0-or-later

/// Kinds of work that a disk or a menu can ask for.
public enum WorkKind: UInt8, CaseIterable, Sendable {
  /// A look at a table, a tree or a map: one read of metadata, one turn of a search in it.
  case lookups
  /// Bytes that come from a disk.
  case readBytes
  /// Bytes that are copied, compared or summed up in memory.
  case copiedBytes
  /// Bytes that a packed piece of a file or of metadata unpacks to.
  case unpackedBytes
  /// Names in directories that are visited, or compared without regard to case.
  case names
  /// Names in directories that are only compared, byte by byte.
  case comparisons
  /// Steps of matching a regular expression or a pattern.
  case matchSteps
  /// Bytes of a menu's text that are parsed or expanded.
  case textBytes
  /// Parts of a parsed menu.
  case nodes
  /// Commands and expressions of a menu that are carried out.
  case commands
  /// Segments of volumes and pieces of files that are mapped.
  case segments

  /// The price of one, in picoseconds of the processor that `WorkPrices` were measured on.
  public var price: UInt64 {
    switch self {
    case .lookups: WorkPrices.lookup
    case .readBytes: WorkPrices.readByte
    case .copiedBytes: WorkPrices.copiedByte
    case .unpackedBytes: WorkPrices.unpackedByte
    case .names: WorkPrices.name
    case .comparisons: WorkPrices.comparison
    case .matchSteps: WorkPrices.matchStep
    case .textBytes: WorkPrices.textByte
    case .nodes: WorkPrices.node
    case .commands: WorkPrices.command
    case .segments: WorkPrices.segment
    }
  }

  /// What it is, for messages.
  public var text: ByteString {
    switch self {
    case .lookups: "looks at metadata"
    case .readBytes: "bytes read"
    case .copiedBytes: "bytes copied"
    case .unpackedBytes: "bytes unpacked"
    case .names: "names"
    case .comparisons: "names compared"
    case .matchSteps: "steps of matching patterns"
    case .textBytes: "bytes of text"
    case .nodes: "parts of a menu"
    case .commands: "commands"
    case .segments: "pieces of volumes and files"
    }
  }
}

/// Prices of work, in picoseconds. Those of files were measured on whole questions to each reader,
/// of which each is charged as much as it takes or more, but for a few that are short:
/// `swift build -c release --product fs-bench` with the Makefile's BENCH_FLAGS, then
/// `fs-bench prices IMAGE...` (AMD EPYC, 2026-11-28). `readByte` was not measured: it stands for a
/// backend that gives 1 GB in a second.
public enum WorkPrices {
  static let lookup: UInt64 = 200_000
  static let readByte: UInt64 = 1_000
  static let copiedByte: UInt64 = 500
  static let unpackedByte: UInt64 = 2_500
  static let name: UInt64 = 200_000
  static let comparison: UInt64 = 40_000
  static let matchStep: UInt64 = 40_000
  static let textByte: UInt64 = 35_000
  static let node: UInt64 = 500_000
  static let command: UInt64 = 2_500_000
  static let segment: UInt64 = 300_000
}

/// How much work the loader does for a guest's disks and menus.
public enum WorkLimits {
  /// A search, from the partition tables to the menu, in picoseconds: 5 s on a processor three
  /// times as slow as the one that the prices were measured on.
  public static let search: UInt64 = 1_650_000_000_000
  /// One entry that is run, located and loaded, beside what its files' sizes allow.
  public static let attempt: UInt64 = 1_650_000_000_000
  /// What an attempt may cost for files of so many bytes: to read each byte, to unpack it and to
  /// copy it twice, four times over.
  public static func loading(byteCount: UInt64) -> UInt64 {
    let price =
      4 * (WorkPrices.readByte + WorkPrices.unpackedByte + 2 * WorkPrices.copiedByte)
    let (work, isTooMuch) = byteCount.multipliedReportingOverflow(by: price)
    return isTooMuch ? .max - 1 : work
  }
  /// The work after which the observer is asked, in picoseconds.
  public static let lookInterval: UInt64 = 1_000_000_000
  /// Memory that a search leaves free, in bytes. In `lookInterval` less than this can be used up in
  /// small pieces.
  public static let searchReserveByteCount: UInt64 = 4 << 20
  /// What an attempt leaves free, in bytes: nearly all else is the guest's.
  public static let attemptReserveByteCount: UInt64 = 512 << 10
  /// What is to be left of the stack when something is charged, in bytes: for what does not charge,
  /// a decoder of packed blocks.
  public static let stackReserveByteCount: UInt = 64 << 10
  /// A piece of memory up to which nobody need ask, in bytes.
  public static let smallByteCount = 128 << 10
}

/// Why no more work is done for a disk or a menu.
public enum WorkError: BootFailure {
  /// It was too much; the kind that came last, and how much there was of it.
  case spent(WorkKind, count: UInt64)
  /// The user or the toolstack has ended it.
  case stopped
  /// It is nested so deeply that the stack is nearly used up.
  case stackUsed
  /// There is not enough memory for so many bytes more.
  case outOfMemory(byteCount: UInt64)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .spent, .outOfMemory, .stackUsed: .unsupported
    case .stopped: .device
    }
  }

  /// One line.
  public var message: ByteString {
    switch self {
    case .spent(let kind, let count): "too much work, given up after \(count) \(kind.text)"
    case .stopped: "given up as asked"
    case .stackUsed: "nested too deeply"
    case .outOfMemory(let byteCount): "no memory for \(byteCount) bytes"
    }
  }
}
