// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What a toolstack can read of a boot in xenstore, without reading a console (decision 46).
/// Says which nodes are to be written, and each value only once.
public struct BootReport: Equatable, Sendable {
  /// How far the boot is.
  public enum State: Equatable, Sendable {
    /// A menu or a command line waits for a person or its time.
    case menu
    /// An entry is being loaded.
    case loading
    /// Everything is loaded; the kernel is about to start.
    case booting
    /// What was tried last failed; the next may follow.
    case failed
  }

  /// A node below the domain's own directory.
  public typealias Node = (path: ByteString, value: ByteString)

  /// The directory of the report. No host option has this name (`data/pvgrub/...`).
  public static let path: ByteString = "data/pvgrub-report"

  /// The most bytes of a value. xenstored's own limit for a node is 2048.
  public static let valueByteCountMax = 1024

  /// How far the boot is.
  public var state: State?
  /// The chosen entry as a path of titles that `entry=` takes; empty for one of the command line.
  public var entry = ByteString()
  /// The kernel's file, with disk and file system.
  public var kernel = ByteString()
  /// The kernel's command line.
  public var commandLine = ByteString()
  /// The bytes of the kernel file and of all ramdisks or modules.
  public var byteCounts = (kernel: UInt64(0), ramdisks: UInt64(0))
  /// The milliseconds of each phase, as `BootTimes.text` has them.
  public var times = ByteString()
  /// What the boot took beside time, as `BootCounters.text` has it.
  public var counters = ByteString()
  /// Why the last attempt failed.
  public var error = ByteString()

  private var written: [Field] = []

  private struct Field: Equatable, Sendable {
    var name: ByteString
    var value: ByteString
  }

  /// An empty report, of which nothing is written.
  public init() {}

  /// Whether both say the same, and have written the same.
  public static func == (left: BootReport, right: BootReport) -> Bool {
    left.fields == right.fields && left.written == right.written
  }

  /// The path of titles from the outermost menu in; a `>` in a title is doubled as in `entry=`.
  public static func entryPath(_ titles: [ByteString]) -> ByteString {
    var result: [UInt8] = []
    for (index, title) in titles.enumerated() {
      if index > 0 { result.append(0x3e) }
      for byte in title.bytes {
        result.append(byte)
        if byte == 0x3e { result.append(byte) }
      }
    }
    return ByteString(result)
  }

  /// Begins an attempt to boot `entry`; of an earlier one only its error stays.
  public mutating func startAttempt(_ entry: ByteString) {
    self.entry = entry
    kernel = ""
    commandLine = ""
    byteCounts = (0, 0)
    counters = ""
  }

  /// The nodes that differ from what was written before, the state last: whoever waits for it finds
  /// the others there. They count as written from now on.
  public mutating func takeChanges() -> [Node] {
    var result: [Node] = []
    let fields = fields
    for field in fields {
      let old = written.first { $0.name == field.name }
      // A node that is not there says the same as an empty one.
      guard field.value != old?.value ?? "" else { continue }
      result.append((path: "\(Self.path)/\(field.name)", value: field.value))
    }
    written = fields
    return result
  }

  private var fields: [Field] {
    let bytes: ByteString =
      byteCounts.kernel == 0
      ? "" : "kernel=\(byteCounts.kernel) ramdisks=\(byteCounts.ramdisks)"
    return [
      Field(name: "entry", value: Self.value(entry)),
      Field(name: "kernel", value: Self.value(kernel)),
      Field(name: "cmdline", value: Self.value(commandLine)),
      Field(name: "bytes", value: bytes),
      Field(name: "milliseconds", value: Self.value(times)),
      Field(name: "counters", value: Self.value(counters)),
      Field(name: "error", value: Self.value(error)),
      Field(name: "state", value: state?.name ?? ""),
    ]
  }

  /// `text` in one line, cut at the end of a character if it is too long.
  private static func value(_ text: ByteString) -> ByteString {
    var bytes = text.bytes.map { $0 < 0x20 || $0 == 0x7f ? 0x3f : $0 }
    if bytes.count > valueByteCountMax {
      var count = valueByteCountMax - 3
      // At most the three following bytes of one character of UTF-8 are left out.
      while count > valueByteCountMax - 6, bytes[count] & 0xc0 == 0x80 { count -= 1 }
      bytes = bytes[..<count] + [0x2e, 0x2e, 0x2e]
    }
    return ByteString(bytes)
  }
}

extension BootReport.State {
  /// The value of the node `state`.
  public var name: ByteString {
    switch self {
    case .menu: "menu"
    case .loading: "loading"
    case .booting: "booting"
    case .failed: "failed"
    }
  }
}
